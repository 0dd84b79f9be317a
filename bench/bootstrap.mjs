// A bootstrap server that holds many nodes, for a load generator: node bench/bootstrap.mjs batched|plain ADDRESS PORT NODES
// Build first. Prints "ready" when it serves; SIGTERM ends it with its counters. The load, the pinning to a core
// and the medians come from the DHT harness (serverbench.mjs, udpload.cc); wait for "ready" before loading it.
import { randomBytes } from 'node:crypto'
import { parseAddress } from '../dist/core/bytes/index.js'
import { BOOTSTRAP_DEFAULTS, BootstrapServer } from '../dist/core/services/bootstrap/index.js'
import { openBatchedUdp } from '../dist/node/bootstrap/batched-udp.js'
import { loadNative } from '../dist/node/bootstrap/native.js'
import { openPlainUdp } from '../dist/node/bootstrap/plain-udp.js'

const [way = 'batched', host = '127.0.0.2', port = '6881', nodes = '1000000'] =
  process.argv.slice(2)
const luck = {
  bytes: count => new Uint8Array(randomBytes(count)),
  below: limit => Math.floor(Math.random() * limit),
}
const listen = [parseAddress(`${host}:${port}`)]
const server = new BootstrapServer(
  { ...BOOTSTRAP_DEFAULTS, ids: [luck.bytes(20)], families: [4], isPrivateAllowed: true },
  luck,
  performance.now(),
)
fill(Number(nodes))
const transport = await open()
transport.serve(server)
console.log(`ready ${server.ring(4).count} nodes, ${process.memoryUsage().rss >> 20} MiB`)
process.on('SIGTERM', async () => {
  await transport.close()
  console.log(JSON.stringify(server.counters))
  process.exit(0)
})

async function open() {
  if (way === 'plain') return openPlainUdp({ listen, isShared: false })
  const native = await loadNative()
  if (typeof native === 'string') throw new Error(native)
  return openBatchedUdp(native, { listen, isShared: true })
}

/** Puts nodes with addresses of their own into the ring, as if they had just answered. */
function fill(count) {
  const ring = server.ring(4)
  const ip = new Uint8Array(4)
  const node = { ip, ipAt: 0, ipSize: 4, port: 6881, idBytes: luck.bytes(20), idAt: 0, socket: 0 }
  // The machine's clock starts at this tick.
  const now = 1_000_000
  for (let number = 0; ring.count < count; number++) {
    const spread = Math.imul(number, 0x9e3779b1) >>> 0
    ip.set([20 + ((spread >>> 24) % 80), spread >>> 16, spread >>> 8, spread])
    ring.verify(now, node)
  }
}
