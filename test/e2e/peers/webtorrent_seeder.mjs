// usage: node webtorrent_seeder.mjs TORRENT DATA_DIRECTORY PORT — seeds until its input ends.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const peers = fileURLToPath(new URL('../../peers/package.json', import.meta.url))
const entry = createRequire(peers).resolve('webtorrent/index.js')
const { default: WebTorrent } = await import(pathToFileURL(entry).href)
const [torrent, path, port] = process.argv.slice(2)
const client = new WebTorrent({
  dht: false,
  lsd: false,
  natPmp: false,
  natUpnp: false,
  torrentPort: Number(port),
  tracker: false,
  utp: false,
})
client.add(readFileSync(torrent), { announce: [], path })
process.stdin.on('end', () => process.exit(0)).resume()
