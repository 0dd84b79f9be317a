// Files in the store directory that are not ours: the user's own, of the same names. Nothing of them may
// change, at whichever start, and nothing is fetched that only they could take.
import { describe, expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { StoreWorld } from '../../../sim/store-world.ts'
import { layoutOf } from './layout.ts'

const KIB = 1024

function worldWith(sizes: readonly number[], limitBytes = Number.POSITIVE_INFINITY): StoreWorld {
  let offset = 0
  const files = sizes.map((size, index) => {
    const file = { path: [`f${index}.bin`], size, offset, isPadding: false }
    offset += size
    return file
  })
  const layout = layoutOf({ name: 'folder', isSingleFile: false, pieceSize: 16 * KIB, files })
  return new StoreWorld({ layout, luck: new SeededLuck(1), limitBytes })
}

const fileOf = (world: StoreWorld, index: number) => world.disk.file(world.layout.file(index).path)
const theirs = (size: number) => new Uint8Array(size).fill(7)
const problemsOf = (world: StoreWorld) =>
  world.notices.flatMap(notice => (notice.kind === 'problem' ? [notice.problem] : []))

function start(world: StoreWorld, files?: readonly number[]): void {
  world.notices.length = 0
  world.open()
  if (files !== undefined) world.store.select(world.nowMs, files)
  world.collect()
  world.run(1000)
}

function stop(world: StoreWorld): void {
  world.store.stop(world.nowMs)
  world.collect()
  world.run(1000)
  world.end('kill')
}

describe('the file of somebody else', () => {
  test('is left alone at every start, pieces in slots or not', () => {
    const world = worldWith([64 * KIB])
    world.disk.place('folder/f0.bin', theirs(70 * KIB))
    for (let life = 0; life < 3; life++) {
      start(world)
      expect(problemsOf(world)).toEqual(['file-in-the-way'])
      expect(fileOf(world, 0)).toEqual(theirs(70 * KIB))
      if (life === 0) world.put(1)
      world.run(20_000)
      stop(world)
      expect(fileOf(world, 0)).toEqual(theirs(70 * KIB))
    }
  })

  test('beside a right one is left alone, and the rest goes on', () => {
    const world = worldWith([32 * KIB, 32 * KIB, 32 * KIB])
    world.disk.place('folder/f0.bin', world.truth.slice(0, 32 * KIB))
    world.disk.place('folder/f1.bin', theirs(20 * KIB))
    for (let life = 0; life < 2; life++) {
      start(world)
      expect([0, 1, 2].map(file => world.store.isInTheWay(file))).toEqual([false, true, false])
      const isLeft = life === 0
      expect(world.store.isFull).toBe(!isLeft)
      expect(problemsOf(world)).toEqual(['file-in-the-way'])
      for (const piece of [4, 5]) if (!world.store.has(piece)) world.put(piece)
      world.run(20_000)
      expect(world.store.contiguousBytes(2)).toBe(32 * KIB)
      // Once more when there is nothing else to do: whoever waits for the end hears of it.
      expect(problemsOf(world)).toHaveLength(isLeft ? 2 : 1)
      expect(world.store.isFull && world.store.isAllInTheWay).toBe(true)
      stop(world)
      expect(fileOf(world, 1)).toEqual(theirs(20 * KIB))
      expect([...world.disk.files.keys()].sort()).toEqual(
        ['f0', 'f1', 'f2'].map(name => `folder/${name}.bin`),
      )
    }
  })

  test('that is to be empty keeps its bytes, also when we made it empty before', () => {
    const world = worldWith([0, 16 * KIB])
    start(world)
    expect(fileOf(world, 0)).toHaveLength(0)
    stop(world)
    world.disk.place('folder/f0.bin', theirs(5))
    start(world)
    expect(fileOf(world, 0)).toEqual(theirs(5))
  })

  test('is told of once it is wanted, and no longer when it is not', () => {
    const world = worldWith([32 * KIB, 32 * KIB])
    world.disk.place('folder/f1.bin', theirs(20 * KIB))
    start(world, [0])
    expect(problemsOf(world)).toEqual([])
    world.store.select(world.nowMs, [0, 1])
    world.collect()
    expect(problemsOf(world)).toEqual(['file-in-the-way'])
    world.store.select(world.nowMs, [0])
    world.collect()
    expect(world.notices).toContainEqual({ kind: 'solved', problem: 'file-in-the-way' })
  })

  test('that came while its name was not wanted is not deleted with the torrent', () => {
    const world = worldWith([32 * KIB, 32 * KIB])
    start(world, [0])
    world.put(0)
    world.run(100)
    world.disk.place('folder/f1.bin', theirs(20 * KIB))
    world.store.remove(world.nowMs, true)
    world.collect()
    world.run(1000)
    expect([...world.disk.files.keys()]).toEqual(['folder/f1.bin'])
  })
})

test('what is not wanted is neither cut nor made', () => {
  const world = worldWith([32 * KIB, 32 * KIB, 0])
  const torn = world.truth.slice(32 * KIB, 64 * KIB)
  torn[20 * KIB] = 0
  world.disk.place('folder/f1.bin', torn.slice())
  start(world, [0, 9])
  for (const piece of [0, 1]) world.put(piece)
  world.run(20_000)
  expect(fileOf(world, 1)).toEqual(torn)
  expect(fileOf(world, 2)).toBeUndefined()
})

test('a file of ours that a power loss left all wrong is mended', () => {
  const world = worldWith([64 * KIB])
  start(world)
  world.put(0)
  world.run(10)
  world.end('kill')
  world.disk.place('folder/f0.bin', new Uint8Array(16 * KIB))
  start(world)
  expect(problemsOf(world)).toEqual([])
  for (const piece of [0, 1, 2, 3]) world.put(piece)
  world.run(100)
  expect(fileOf(world, 0)).toEqual(world.truth)
})

test('the store limit is told of when the check is over, and only for what is wanted then', () => {
  const world = worldWith([640 * KIB, 32 * KIB], 4096 + 10 * 16 * KIB)
  world.open()
  expect(problemsOf(world)).toEqual([])
  world.run(100)
  expect(problemsOf(world)).toEqual(['store-limit'])
  expect(world.store.isFullUp).toBe(false)
  for (let piece = 0; piece < 10; piece++) world.put(piece)
  world.run(100)
  expect(world.store.isFullUp).toBe(true)
  expect(world.store.stored.count).toBe(10)
  world.store.select(world.nowMs, [1])
  world.collect()
  expect(world.notices).toContainEqual({ kind: 'solved', problem: 'store-limit' })
})
