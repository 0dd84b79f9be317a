// What the picker costs for each block: picking, receiving, hashing and storing, without the network.
// Usage: npx tsc -b && node bench/picker.mjs [seconds]; it prints nanoseconds of CPU per block.
import { layoutOf } from '../dist/core/swarm/layout.js'
import { Picker } from '../dist/core/swarm/picker.js'
import { Pipeline } from '../dist/core/swarm/pipeline.js'

const GIB = 1024 ** 3
const seconds = Number(process.argv[2] ?? 2)

const scenes = [
  { name: 'one fast seeder, 1 MiB pieces', pieceBytes: 1 << 20, peers: 1, depth: 1024 },
  { name: 'one fast seeder, 16 KiB pieces', pieceBytes: 1 << 14, peers: 1, depth: 1024 },
  { name: '20 seeders, 1 MiB pieces', pieceBytes: 1 << 20, peers: 20, depth: 64 },
  { name: '50 peers with half of the pieces', pieceBytes: 1 << 18, peers: 50, depth: 32, part: 2 },
  { name: '20 seeders and a viewer', pieceBytes: 1 << 20, peers: 20, depth: 64, hasViewer: true },
]

/** A torrent of 100 GiB, as much of it as fits into the time. @returns nanoseconds per block. */
function run({ pieceBytes, peers, depth, part = 1, hasViewer = false }) {
  const totalBytes = 100 * GIB
  const openPiecesMax = Math.max(4, Math.min(1024, Math.floor((40 << 20) / pieceBytes)))
  const picker = new Picker({ layout: layoutOf({ pieceBytes, totalBytes }), openPiecesMax })
  const queues = []
  for (let slot = 0; slot < peers; slot++) {
    const link = new Pipeline()
    link.noteRoundTrip(1)
    picker.peerJoined(slot, link)
    if (part === 1) picker.peerHasAll(slot)
    else {
      const field = new Uint8Array(Math.ceil(totalBytes / pieceBytes / 8))
      for (let index = 0; index < field.length; index++) field[index] = slot % part ? 0xaa : 0x55
      picker.peerHasField(slot, field)
    }
    picker.unchoked(slot)
    queues.push({ slot, link, blocks: new Int32Array(depth), from: 0, count: 0 })
  }
  const file = { begin: 0, size: totalBytes }
  let request = 0
  const read = begin =>
    picker.readStarted(0, { viewer: 1, request: ++request, file, begin, size: 1 << 20 })
  if (hasViewer) read(0)
  const out = new Int32Array(depth)
  let nowMs = 0
  let blocks = 0
  let stored = 0
  const endAt = performance.now() + seconds * 1000
  const before = process.cpuUsage()
  const total = Math.ceil(totalBytes / 16384)
  while (performance.now() < endAt && blocks < total) {
    for (const queue of queues) {
      nowMs += 0.1
      const room = depth - queue.count
      const count = picker.pick(nowMs, queue.slot, room, out)
      if (count > 0 && queue.count === 0) queue.link.resume(nowMs)
      for (let index = 0; index < count; index++) {
        queue.blocks[(queue.from + queue.count++) % depth] = out[index]
      }
      const answers = Math.ceil(queue.count / 2)
      for (let index = 0; index < answers; index++) {
        const block = queue.blocks[queue.from]
        queue.from = (queue.from + 1) % depth
        queue.count--
        const reception = picker.received(nowMs, queue.slot, block)
        if (reception === 'duplicate' || reception === 'unasked') continue
        queue.link.noteBlock(nowMs, 16384, picker.askedAtMs)
        blocks++
        if (reception !== 'completes') continue
        const piece = picker.pieceOf(block)
        picker.pieceHashed(piece, true)
        picker.pieceStored(piece)
        stored++
        if (hasViewer && stored % 2 === 0) {
          picker.readEnded(nowMs, request, 1 << 20)
          read(request << 20)
        }
      }
    }
    if (picker.wakeAtMs <= nowMs) picker.wake(nowMs)
    picker.workSpread()
    picker.cancels.clear()
    picker.closedPieces.clear()
  }
  const { user, system } = process.cpuUsage(before)
  return { ns: ((user + system) * 1000) / blocks, blocks }
}

for (const scene of scenes) {
  const { ns, blocks } = run(scene)
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  console.log(
    `${scene.name.padEnd(36)} ${ns.toFixed(0).padStart(6)} ns/block  ${blocks} blocks  ${memory} MiB`,
  )
}
