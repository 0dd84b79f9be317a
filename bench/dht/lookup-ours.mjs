// Lookups of torrent-live in the simulated DHT of the shared harness (dhtsim must run): the same JSON
// fields as its lookup-bdht.mjs and lookup-lt.py.
//   node lookup-ours.mjs [trials=5] [cold|warm|saved] [client ip] [plain|private] [lookups before=8]
// cold: a new node, lookup at once.  warm: after that many random lookups by the same node.
// saved: a new node that was given what the node of the random lookups saved.
import { randomBytes } from 'node:crypto'
import dgram from 'node:dgram'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [trials = '5', mode = 'cold', ip = '127.0.0.63', way = 'plain', before = '8'] =
  process.argv.slice(2)
const root = path.resolve(import.meta.dirname, '../..')
const { open } = await import(pathToFileURL(path.join(root, 'dist/dht.js')).href)

const control = dgram.createSocket('udp4')
await new Promise(resolve => control.bind(0, '127.0.0.60', resolve))
const ask = message =>
  new Promise(resolve => {
    control.once('message', bytes => resolve(bytes.toString()))
    control.send(`${message} ${ip}`, Number(process.env.SIM_CTL ?? 6999), '127.0.0.50')
  })
const openNode = stateDirectory =>
  open({
    routers: [{ host: '127.0.0.50', port: Number(process.env.SIM_PORT ?? 16881) }],
    families: ['ipv4'],
    bind: { ipv4: ip },
    allowPrivate: true,
    ...(stateDirectory === undefined ? {} : { stateDirectory }),
  })
const lookUp = async (node, infohash) => {
  const startedMs = performance.now()
  let firstMs = 0
  let done
  const peers = new Set()
  for await (const notice of node.run({ kind: 'lookup', infohash, way })) {
    if (notice.kind === 'peers') {
      firstMs ||= performance.now() - startedMs
      for (const peer of notice.peers) peers.add(`${peer.ip.join('.')}:${peer.port}`)
    } else done = notice
  }
  return { firstMs, doneMs: performance.now() - startedMs, peers: peers.size, done }
}

for (let trial = 0; trial < Number(trials); trial++) {
  const infohash = randomBytes(20)
  const directory = await mkdtemp(path.join(os.tmpdir(), 'dht-'))
  let node = await openNode(directory)
  if (mode !== 'cold') {
    for (let count = 0; count < Number(before); count++) await lookUp(node, randomBytes(20))
  }
  if (mode === 'saved') {
    await node.close()
    node = await openNode(directory)
  }
  await ask('reset')
  await ask(`target ${infohash.toString('hex')}`)
  const { firstMs, doneMs, peers, done } = await lookUp(node, infohash)
  const counters = JSON.parse(await ask('stat'))
  console.log(
    JSON.stringify({
      lib: 'torrent-live',
      mode,
      first_ms: Math.round(firstMs),
      done_ms: Math.round(doneMs),
      boot_ms: 0,
      peers,
      table: node.nodeCount,
      told: done.nodesToldTarget,
      ...counters,
    }),
  )
  await node.close()
  await rm(directory, { recursive: true })
}
control.close()
