// Kill anywhere: from a seed, a torrent is stored in a random order, read and killed at random moments,
// with what the disk made of it; every start must find what is right, and nothing but that.
import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { StoreWorld } from '../../../sim/store-world.ts'
import { layoutOf } from './layout.ts'
import { decodeResume } from './resume.ts'

const KIB = 1024
const SEEDS = Number(process.env.STORE_SEEDS ?? 60)

/** Files of all kinds: empty, tiny, of many pieces, ending within pieces and at their ends, padding too. */
function randomLayout(luck: SeededLuck) {
  const pieceSize = (4 << luck.below(3)) * KIB
  const count = 1 + luck.below(8)
  let offset = 0
  const files = Array.from({ length: count }, (_, index) => {
    const sizes = [0, 1, luck.below(2000), pieceSize, luck.below(20 * pieceSize), 3 * pieceSize]
    const size = sizes[luck.below(sizes.length)] as number
    const isPadding = luck.chance(0.1)
    const file = { path: [`f${index}`], size, offset, isPadding }
    offset += size
    return file
  })
  return layoutOf({ name: 'folder', isSingleFile: false, pieceSize, files })
}

/** Nearly in order, in any order, or from a seek point on: as a swarm delivers. */
function randomOrder(luck: SeededLuck, count: number): number[] {
  const spread = [2, count, count / 4][luck.below(3)] as number
  const turn = luck.chance(0.3) ? luck.below(Math.max(1, count)) : 0
  const pieces = Array.from({ length: count }, (_, index) => (index + turn) % Math.max(1, count))
  const keys = pieces.map((_, index) => index + luck.between(0, spread))
  return pieces
    .map((piece, index) => ({ piece, key: keys[index] as number }))
    .sort((a, b) => a.key - b.key)
    .map(({ piece }) => piece)
}

function readSomething(world: StoreWorld, luck: SeededLuck): void {
  const piece = luck.below(world.layout.pieceCount)
  if (!world.store.has(piece)) return
  const span = world.layout.spans(piece)[0]
  if (span === undefined) return
  const at = luck.below(span.size)
  if (luck.chance(0.5)) world.read(span.file, span.positionInFile + at, 1 + luck.below(9000))
  else
    world.readBlock(piece, at, 1 + luck.below(Math.min(1000, world.layout.pieceSize(piece) - at)))
}

function checkReads(world: StoreWorld): void {
  for (const [request, { expected, answer }] of world.reads) {
    if (answer === undefined) continue
    world.reads.delete(request)
    if (typeof answer === 'string') throw new Error(`a read failed: ${answer}`)
    const isRight = answer.length > 0 && answer.every((byte, at) => byte === expected[at])
    if (!isRight) throw new Error('a read answered with other bytes')
  }
}

function liveFor(world: StoreWorld, luck: SeededLuck, order: readonly number[]): void {
  const moments = luck.below(order.length + 10)
  let next = 0
  for (let moment = 0; moment < moments; moment++) {
    while (next < order.length && world.store.has(order[next] as number)) next++
    const piece = order[next]
    if (piece !== undefined && !world.store.isFull) world.put(piece)
    if (luck.chance(0.5)) readSomething(world, luck)
    if (luck.chance(0.02)) world.disk.failure = luck.chance(0.5) ? 'full' : 'lost'
    else if (luck.chance(0.2)) world.disk.failure = undefined
    if (luck.chance(0.02)) selectSome(world, luck)
    world.run(luck.chance(0.05) ? luck.between(0, 8000) : luck.between(0, 2))
    checkReads(world)
  }
}

function storedPieces(world: StoreWorld): number[] {
  const { stored } = world.store
  return Array.from({ length: stored.size }, (_, piece) => piece).filter(piece => stored.has(piece))
}

/** Those that the record on disk names. */
function vouchedPieces(world: StoreWorld): number[] {
  const record = world.saved.get('resume/test')
  const vouched = record === undefined ? undefined : decodeResume(world.layout, record)?.vouched
  return vouched === undefined ? [] : storedPieces(world).filter(piece => vouched.has(piece))
}

function selectSome(world: StoreWorld, luck: SeededLuck): void {
  const files = world.layout.files.map((_, index) => index)
  world.store.select(world.nowMs, luck.chance(0.5) ? files : files.filter(() => luck.chance(0.5)))
  world.collect()
}

function finish(world: StoreWorld): void {
  world.run(60_000)
  for (let piece = 0; piece < world.layout.pieceCount; piece++) {
    if (!world.store.has(piece)) world.put(piece)
    world.run(1)
  }
  world.run(60_000)
  checkReads(world)
}

function story(seed: number, how: 'kill' | 'power'): void {
  const luck = new SeededLuck(seed)
  const layout = randomLayout(luck)
  const world = new StoreWorld({ layout, luck, disk: { latencyMs: luck.between(0.05, 3) } })
  const order = randomOrder(luck, layout.pieceCount)
  const known = new Set<number>()
  for (let life = 0; life < 5; life++) {
    world.open()
    liveFor(world, luck, order)
    for (const piece of how === 'kill' ? storedPieces(world) : vouchedPieces(world))
      known.add(piece)
    world.end(how)
    world.disk.failure = undefined
    // Some lives end before what is on disk is known: nothing may be lost in those either.
    if (luck.chance(0.3)) continue
    world.open()
    world.run(120_000)
    expect(world.store.isChecking).toBe(false)
    for (const piece of known) {
      if (!world.store.stored.has(piece)) throw new Error(`piece ${piece} was lost`)
    }
    world.end('kill')
  }
  world.open()
  finish(world)
  for (const { path, offset, size, isPadding } of layout.files) {
    if (isPadding) continue
    const truth = world.truth.slice(offset, offset + size)
    expect(Buffer.compare(world.disk.file(path) ?? Buffer.from('none'), truth)).toBe(0)
  }
}

test.each(['kill', 'power'] as const)(
  'after %s at any moment every start finds what is right',
  how => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        story(seed, how)
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
  },
)
