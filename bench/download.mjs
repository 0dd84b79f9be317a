// A downloader for a harness: `node bench/download.mjs TORRENT OUT_DIRECTORY SEED_PORT LISTEN_PORT`. Prints
// START before the torrent is added and DONE when all of it is verified and in its files; ends with stdin.
// The state is kept beside OUT_DIRECTORY, so that only the payload lies in it.
import { openClient } from '../dist/index.js'
import { options } from './options.mjs'

const [torrent, directory, seedPort] = process.argv.slice(2)
const client = await openClient(options({ storeDirectory: directory }))
console.log('START')
const added = await client.add(torrent, { peers: [`127.0.0.1:${seedPort}`] })
added.onEvent(event => {
  if (event.type === 'done') console.log('DONE')
  if (event.type === 'problem' && event.isFatal) console.log('ERROR', event.message)
})
process.stdin.resume().once('end', async () => {
  await client.close()
  process.exit(0)
})
