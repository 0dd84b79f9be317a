// usage: node bootstrap_webtorrent.mjs ROUTER MAGNET — webtorrent with one router: prints the peers that it finds.
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const peers = fileURLToPath(new URL('../peers/package.json', import.meta.url))
const entry = createRequire(peers).resolve('webtorrent/index.js')
const { default: WebTorrent } = await import(pathToFileURL(entry).href)
const [router, magnet] = process.argv.slice(2)
const ANNOUNCE_AGAIN_MS = 5000

const client = new WebTorrent({
  dht: { bootstrap: [router] },
  lsd: false,
  natPmp: false,
  natUpnp: false,
  tracker: false,
  utp: false,
})
const torrent = client.add(magnet, { path: '/tmp' })
client.dht.on('peer', ({ host }) => console.log(host))
// Its own rhythm is a quarter of an hour, for a network that does not start with it.
setInterval(() => client.dht.announce(torrent.infoHash, client.torrentPort), ANNOUNCE_AGAIN_MS)
