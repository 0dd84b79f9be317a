// A seeder for a harness: `node bench/seed.mjs TORRENT DATA_DIRECTORY SEED_PORT LISTEN_PORT`. Prints READY when
// the data is verified and it listens; ends with stdin. Nothing is written into DATA_DIRECTORY.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openClient } from '../dist/index.js'
import { options } from './options.mjs'

const [torrent, directory, seedPort] = process.argv.slice(2)
const state = mkdtempSync(join(tmpdir(), 'seed-'))
const client = await openClient(
  options({
    storeDirectory: directory,
    stateDirectory: state,
    share: { kind: 'full', ratio: Number.POSITIVE_INFINITY },
    port: Number(seedPort),
  }),
)
const added = await client.add(torrent)
const isDone = () => added.view().state === 'done'
const ready = () => console.log('READY')
const stop = added.onEvent(event => {
  if (event.type === 'done') ready()
})
// A torrent that was whole from the start may have said so already.
if (isDone()) {
  stop()
  ready()
}
process.stdin.resume().once('end', async () => {
  await client.close()
  rmSync(state, { recursive: true, force: true })
  process.exit(0)
})
