// A download to be killed: `node killable.mjs TORRENT DIRECTORY PEER`. Prints what is on disk, many times a second, as
// JSON; ends by itself when all of it is there.
import { openClient } from '../../dist/index.js'

const [torrent, directory, peer] = process.argv.slice(2)
const client = await openClient({
  storeDirectory: `${directory}/store`,
  stateDirectory: `${directory}/state`,
  connections: 20,
  downLimit: Number.POSITIVE_INFINITY,
  upLimit: Number.POSITIVE_INFINITY,
  storeLimit: Number.POSITIVE_INFINITY,
  share: { kind: 'off' },
  useDht: false,
  bootstrap: [],
  allowPrivate: true,
  port: 0,
})
const added = await client.add(torrent, { peers: [peer] })
const tell = () => {
  const { state, verifiedBytes, peers } = added.view()
  const fetchedBytes = peers.reduce((sum, one) => sum + one.downBytes, 0)
  process.stdout.write(`${JSON.stringify({ state, verifiedBytes, fetchedBytes })}\n`)
}
const timer = setInterval(tell, 10)
added.onEvent(async event => {
  if (event.type !== 'done') return
  clearInterval(timer)
  tell()
  await client.close()
})
