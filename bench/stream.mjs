// A streaming client for a harness: `node bench/stream.mjs TORRENT OUT_DIRECTORY SEED_PORT LISTEN_PORT HTTP_PORT`.
// Prints START before the torrent is added, then the URL of its first file; ends with stdin.
import { openClient } from '../dist/index.js'
import { openServer } from '../dist/server/index.js'
import { options } from './options.mjs'

const [torrent, directory, seedPort, , httpPort] = process.argv.slice(2)
const client = await openClient(options({ storeDirectory: directory }))
const host = '127.0.0.1'
const server = await openServer({ client, host, port: Number(httpPort), isPortFixed: true })
console.log('START')
const added = await client.add(torrent, { peers: [`127.0.0.1:${seedPort}`] })
await added.metadata
console.log(`URL ${server.urlOf(added.view().files[0].url)}`)
process.stdin.resume().once('end', async () => {
  await server.close()
  await client.close()
  process.exit(0)
})
