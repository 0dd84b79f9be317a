import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { StoreWorld } from '../../../sim/store-world.ts'
import { layoutOf } from './layout.ts'
import { CHUNK_BYTES, CHUNKS_MAX } from './reader.ts'

const BLOCK_BYTES = 16_384

/** A store that has all of a file of so many chunks, one chunk a piece. */
function wholeWorld(chunks: number) {
  const files = [{ path: ['f'], size: chunks * CHUNK_BYTES, offset: 0, isPadding: false }]
  const layout = layoutOf({ name: 'f', isSingleFile: true, pieceSize: CHUNK_BYTES, files })
  const world = new StoreWorld({ layout, luck: new SeededLuck(1) })
  world.disk.place('f', world.truth)
  world.open()
  world.run(10_000)
  expect(world.store.stored.isFull).toBe(true)
  return world
}

const rightCount = (world: StoreWorld) =>
  [...world.reads.values()].filter(
    ({ answer, expected }) =>
      answer instanceof Uint8Array && Buffer.compare(answer, expected) === 0,
  ).length

test('the blocks of a chunk cost one read of the disk, however they are asked for', () => {
  const world = wholeWorld(2)
  const before = world.readCount
  for (let begin = 0; begin < CHUNK_BYTES; begin += BLOCK_BYTES) {
    world.readBlock(1, begin, BLOCK_BYTES)
  }
  world.run(10)
  expect(world.readCount - before).toBe(1)
  expect(rightCount(world)).toBe(CHUNK_BYTES / BLOCK_BYTES)
})

test('a block that lies across two chunks is read by itself', () => {
  const world = wholeWorld(1)
  world.readBlock(0, CHUNK_BYTES - 100, 100)
  world.readBlock(0, 1000, CHUNK_BYTES - 1000)
  world.run(10)
  expect(rightCount(world)).toBe(2)
})

test('sixty-four chunks are kept, and the one that was not asked for longest is forgotten', () => {
  const world = wholeWorld(CHUNKS_MAX + 1)
  const readsFor = (piece: number) => {
    const before = world.readCount
    world.readBlock(piece, 0, BLOCK_BYTES)
    world.run(10)
    return world.readCount - before
  }
  for (let piece = 0; piece < CHUNKS_MAX; piece++) expect(readsFor(piece)).toBe(1)
  expect(readsFor(0)).toBe(0)
  expect(readsFor(CHUNKS_MAX)).toBe(1)
  expect(readsFor(0)).toBe(0)
  expect(readsFor(1)).toBe(1)
})

test('a read that is cancelled is not answered', () => {
  const world = wholeWorld(1)
  world.read(0, 0, 100)
  const [request] = [...world.reads.keys()]
  world.store.cancelRead(request!)
  world.run(10)
  expect(world.reads.get(request!)?.answer).toBeUndefined()
})

test('a read goes as far as the bytes lie in one place', () => {
  const world = wholeWorld(3)
  world.read(0, 10, 2 * CHUNK_BYTES)
  world.run(10)
  const [read] = [...world.reads.values()]
  expect(read?.answer).toHaveLength(2 * CHUNK_BYTES)
})
