import { describe, expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { StoreWorld } from '../../../sim/store-world.ts'
import { layoutOf } from './layout.ts'

const KIB = 1024

/** A layout of files of these sizes, one after another. */
function layoutWith(pieceSize: number, sizes: readonly number[]) {
  let offset = 0
  const files = sizes.map((size, index) => {
    const file = { path: [`f${index}.bin`], size, offset, isPadding: false }
    offset += size
    return file
  })
  return layoutOf({ name: 'folder', isSingleFile: false, pieceSize, files })
}

function openWorld(pieceSize: number, sizes: readonly number[], seed = 1, limitBytes?: number) {
  const world = new StoreWorld({
    layout: layoutWith(pieceSize, sizes),
    luck: new SeededLuck(seed),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  })
  world.open()
  world.run(100)
  return world
}

const fileOf = (world: StoreWorld, index: number) => world.disk.file(world.layout.file(index).path)

function isWhole(world: StoreWorld): boolean {
  return world.layout.files.every(({ path, offset, size, isPadding }) => {
    const bytes = world.disk.file(path)
    if (isPadding) return true
    return bytes?.length === size && bytes.every((byte, at) => byte === world.truth[offset + at])
  })
}

const kindsOf = (world: StoreWorld) => world.notices.map(notice => notice.kind)

describe('in order', () => {
  test('a download in order is written exactly once, and nothing beside the files', () => {
    const world = openWorld(16 * KIB, [200 * KIB + 5])
    for (let piece = 0; piece < world.layout.pieceCount; piece++) world.put(piece)
    world.run(500)
    expect(isWhole(world)).toBe(true)
    expect(world.writtenBytes).toBe(200 * KIB + 5)
    expect([...world.disk.files.keys()]).toEqual(['folder/f0.bin'])
  })

  test('a piece ahead of its turn waits, and its file does not grow over the gap', () => {
    const world = openWorld(16 * KIB, [64 * KIB])
    world.put(2)
    world.run(3000)
    expect(fileOf(world, 0)?.length ?? 0).toBe(0)
    expect(world.store.stored.has(2)).toBe(true)
    world.put(0)
    world.put(1)
    world.run(100)
    expect(world.store.contiguousBytes(0)).toBe(48 * KIB)
    expect(fileOf(world, 0)).toHaveLength(48 * KIB)
  })

  test('a file whose first byte lies in the middle of a piece grows before the files before it', () => {
    const world = openWorld(16 * KIB, [40 * KIB, 40 * KIB])
    world.put(2)
    world.put(3)
    world.run(100)
    expect(world.store.contiguousBytes(0)).toBe(0)
    expect(world.store.contiguousBytes(1)).toBe(24 * KIB)
  })

  test('empty files are made, and a torrent of nothing but them is whole at once', () => {
    const world = openWorld(16 * KIB, [0, 0])
    expect(isWhole(world)).toBe(true)
    expect(kindsOf(world)).toContain('check-done')
  })

  test('ten thousand files in one piece are written whole', () => {
    const world = openWorld(1024 * KIB, new Array(10_000).fill(7))
    world.put(0)
    world.run(60_000)
    expect(world.store.contiguousBytes(9999)).toBe(7)
    expect(world.store.stored.has(0)).toBe(true)
  }, 30_000)

  test('the buffer of a piece comes back once, with the notice that it is stored', () => {
    const world = openWorld(16 * KIB, [64 * KIB])
    world.put(0)
    world.run(1)
    expect(kindsOf(world).slice(-2)).toEqual(['stored', 'released'])
  })

  test('what is not wanted makes no file, and is there when it is wanted after all', () => {
    const world = openWorld(16 * KIB, [20 * KIB, 20 * KIB])
    world.store.select(world.nowMs, [0])
    world.collect()
    for (const piece of [0, 1, 2]) world.put(piece)
    world.run(3000)
    expect(world.store.contiguousBytes(0)).toBe(20 * KIB)
    expect(fileOf(world, 1)).toBeUndefined()
    world.store.select(world.nowMs, [0, 1])
    world.collect()
    world.run(100)
    expect(isWhole(world)).toBe(true)
  })
})

describe('limits', () => {
  test('memory full of what the disk has not taken says so, and is free again when it has', () => {
    const world = openWorld(1024 * KIB, [40 * 1024 * KIB])
    for (let piece = 0; piece < 32; piece++) world.put(piece)
    expect(world.store.isFull).toBe(true)
    world.run(1000)
    expect(world.store.isFull).toBe(false)
    expect(world.store.contiguousBytes(0)).toBe(32 * 1024 * KIB)
  })

  test('a slow disk costs no second write: what only waits for its turn stays in memory', () => {
    const layout = layoutWith(1024 * KIB, [40 * 1024 * KIB])
    const disk = { bytesPerSecond: 10 * 1024 * KIB }
    const world = new StoreWorld({ layout, luck: new SeededLuck(1), disk })
    world.open()
    world.run(1000)
    for (let piece = 0; piece < 30; piece++) world.put(piece)
    world.run(10_000)
    expect(world.store.contiguousBytes(0)).toBe(30 * 1024 * KIB)
    expect([...world.disk.files.keys()]).toEqual(['folder/f0.bin'])
  })

  test('one piece in a slot does not send those that follow it to slots too', () => {
    const layout = layoutWith(1024 * KIB, [60 * 1024 * KIB])
    const disk = { bytesPerSecond: 8 * 1024 * KIB }
    const world = new StoreWorld({ layout, luck: new SeededLuck(1), disk })
    world.open()
    world.run(1000)
    for (let piece = 1; piece < 6; piece++) world.put(piece)
    world.run(1500)
    world.put(0)
    for (let piece = 6; piece < 60; piece++) {
      while (world.store.isFull) world.run(50)
      world.put(piece)
    }
    world.run(20_000)
    expect(isWhole(world)).toBe(true)
    // The five that waited for the first are written twice, and nothing else is.
    expect(world.writtenBytes).toBeLessThan(66 * 1024 * KIB)
  })

  test('slots are used again once what was in them is safe in its file', () => {
    const world = openWorld(16 * KIB, [640 * KIB])
    let slotsBytes = 0
    for (let round = 0; round < 4; round++) {
      const first = round * 10
      for (let piece = first + 1; piece < first + 10; piece++) world.put(piece)
      world.run(2000)
      slotsBytes = world.disk.file('.torrent-live/test')?.length ?? 0
      world.put(first)
      world.run(20_000)
    }
    expect(slotsBytes).toBeGreaterThan(4096)
    expect(slotsBytes).toBeLessThan(4096 + 10 * 16 * KIB)
    expect(isWhole(world)).toBe(true)
    world.run(20_000)
    expect(world.disk.file('.torrent-live/test')).toBeUndefined()
  })

  test('below the store limit pieces behind the viewer make room, and the user is told', () => {
    const world = openWorld(16 * KIB, [640 * KIB], 1, 4096 + 10 * 16 * KIB)
    expect(world.notices).toContainEqual(expect.objectContaining({ problem: 'store-limit' }))
    for (let piece = 0; piece < 10; piece++) world.put(piece)
    world.store.viewersAt([8])
    world.run(100)
    expect(world.store.accepts(0)).toBe(false)
    expect(world.store.accepts(12)).toBe(true)
    world.put(12)
    world.run(100)
    expect(world.store.has(12)).toBe(true)
    expect(world.store.has(0)).toBe(false)
    expect(world.notices).toContainEqual({ kind: 'dropped', piece: 0 })
    expect(world.disk.usedBytes).toBeLessThanOrEqual(4096 + 10 * 16 * KIB)
    world.store.viewersAt([2])
    expect(world.store.isFull).toBe(false)
    world.put(11)
    world.run(100)
    world.store.viewersAt([3])
    expect(world.store.isFull).toBe(false)
    world.put(10)
    world.run(100)
    expect(world.store.isFull).toBe(true)
    world.store.viewersAt([5])
    expect(world.store.isFull).toBe(false)
    world.read(0, 12 * 16 * KIB, 100)
    world.run(10)
    expect([...world.reads.values()][0]?.answer).toEqual([...world.reads.values()][0]?.expected)
  })
})

describe('a disk in trouble', () => {
  test('full: says so once, holds everything, and goes on when there is room', () => {
    const world = openWorld(16 * KIB, [160 * KIB])
    world.disk.capacityBytes = 50 * KIB
    for (let piece = 0; piece < 10; piece++) world.put(piece)
    world.run(30_000)
    const problems = world.notices.filter(notice => notice.kind === 'problem')
    expect(problems).toEqual([
      expect.objectContaining({
        problem: 'disk-full',
        message: expect.stringContaining('make room on it'),
      }),
    ])
    expect(world.store.isFull).toBe(true)
    world.disk.capacityBytes = Number.POSITIVE_INFINITY
    world.run(6000)
    expect(kindsOf(world)).toContain('solved')
    expect(isWhole(world)).toBe(true)
    expect(world.store.isFull).toBe(false)
  })

  test('lost and back: reads wait and are answered then', () => {
    const world = openWorld(16 * KIB, [160 * KIB])
    for (let piece = 0; piece < 5; piece++) world.put(piece)
    world.run(100)
    world.disk.failure = 'lost'
    world.read(0, 0, 1000)
    world.put(5)
    world.run(12_000)
    expect([...world.reads.values()][0]?.answer).toBeUndefined()
    world.disk.failure = undefined
    world.run(6000)
    expect([...world.reads.values()][0]?.answer).toEqual([...world.reads.values()][0]?.expected)
    expect(world.store.contiguousBytes(0)).toBe(96 * KIB)
  })

  test('a file that somebody deletes is missing again, and comes back whole', () => {
    const world = openWorld(16 * KIB, [80 * KIB, 80 * KIB])
    for (let piece = 0; piece < 8; piece++) world.put(piece)
    world.run(100)
    world.disk.place('folder/f0.bin', undefined)
    world.put(8)
    world.put(9)
    world.read(0, 0, 1000)
    world.run(100)
    const dropped = world.notices.flatMap(n => (n.kind === 'dropped' ? [n.piece] : []))
    expect(dropped).toEqual([0, 1, 2, 3, 4])
    for (const piece of dropped) world.put(piece)
    world.run(100)
    expect(isWhole(world)).toBe(true)
  })

  test('stopping with a disk that refuses ends all the same', () => {
    const world = openWorld(16 * KIB, [160 * KIB])
    world.disk.failure = 'lost'
    world.put(0)
    world.run(1000)
    world.store.stop(world.nowMs)
    world.collect()
    expect(kindsOf(world).at(-1)).toBe('stopped')
  })
})

describe('the next start', () => {
  test('after a stop nothing is hashed and nothing is missing', () => {
    const world = openWorld(16 * KIB, [160 * KIB])
    for (const piece of [0, 1, 2, 7]) world.put(piece)
    world.store.stop(world.nowMs)
    world.collect()
    world.run(100)
    expect(kindsOf(world).at(-1)).toBe('stopped')
    world.end('kill')
    world.notices.length = 0
    world.open()
    world.run(100)
    // What waits in a slot is hashed all the same: slots are used again, the record does not know them.
    const checked = world.notices.flatMap(n => (n.kind === 'check' ? [n.piece] : []))
    expect(checked).toEqual([7])
    expect([0, 1, 2, 7].every(piece => world.store.stored.has(piece))).toBe(true)
    expect(world.store.stored.count).toBe(4)
  })

  test('without a record, whole files are hashed and nothing is fetched', () => {
    const world = openWorld(16 * KIB, [100 * KIB, 60 * KIB])
    world.end('kill')
    world.saved.clear()
    world.disk.place('folder/f0.bin', world.truth.slice(0, 100 * KIB))
    world.disk.place('folder/f1.bin', world.truth.slice(100 * KIB))
    world.open()
    world.run(1000)
    expect(world.store.stored.isFull).toBe(true)
    expect(isWhole(world)).toBe(true)
  })

  test('a torrent that is whole leaves no file of slots behind, whenever it is stopped', () => {
    const world = openWorld(16 * KIB, [160 * KIB])
    for (let piece = 1; piece < 10; piece++) world.put(piece)
    world.run(2000)
    world.put(0)
    world.run(10)
    world.store.stop(world.nowMs)
    world.collect()
    world.run(1000)
    expect(kindsOf(world).at(-1)).toBe('stopped')
    expect([...world.disk.files.keys()]).toEqual(['folder/f0.bin'])
  })

  test('right pieces beyond a wrong one are kept, though the file is cut before it', () => {
    const world = openWorld(16 * KIB, [160 * KIB])
    world.end('kill')
    const bytes = world.truth.slice()
    bytes[50 * KIB] = 0
    world.disk.place('folder/f0.bin', bytes)
    world.open()
    world.run(1000)
    expect(world.store.stored.count).toBe(9)
    expect(fileOf(world, 0)).toHaveLength(48 * KIB)
    world.put(3)
    world.run(100)
    expect(isWhole(world)).toBe(true)
  })

  test('a file that was cut short is fetched anew from there, whatever the record says', () => {
    const world = openWorld(16 * KIB, [160 * KIB])
    for (let piece = 0; piece < 10; piece++) world.put(piece)
    world.run(10_000)
    world.end('kill')
    world.disk.place('folder/f0.bin', world.truth.slice(0, 70 * KIB))
    world.open()
    world.run(1000)
    expect(world.store.stored.count).toBe(4)
    expect(fileOf(world, 0)).toHaveLength(64 * KIB)
  })

  test("somebody else's file of the same name is left alone", () => {
    const world = new StoreWorld({
      layout: layoutWith(16 * KIB, [64 * KIB]),
      luck: new SeededLuck(1),
    })
    const theirs = new Uint8Array(70 * KIB).fill(7)
    world.disk.place('folder/f0.bin', theirs)
    world.open()
    expect(() => world.run(1000)).not.toThrow()
    expect(world.notices).toContainEqual(expect.objectContaining({ problem: 'file-in-the-way' }))
    expect(fileOf(world, 0)).toEqual(theirs)
  })

  test.each(['stop', 'remove'] as const)(
    '%s during the check of what is there ends as it does after it',
    how => {
      const world = openWorld(16 * KIB, [160 * KIB])
      for (let piece = 0; piece < 6; piece++) world.put(piece)
      world.run(10)
      for (let moment = 0; moment < 30; moment++) {
        world.end('kill')
        world.disk.place('folder/f0.bin', world.truth.slice(0, 96 * KIB))
        world.open()
        world.run(moment / 10)
        if (how === 'stop') world.store.stop(world.nowMs)
        else world.store.remove(world.nowMs, true)
        world.collect()
        world.run(1000)
        expect(kindsOf(world).at(-1)).toBe(how === 'stop' ? 'stopped' : 'removed')
      }
    },
  )

  test('removed with its files, nothing of it is left', () => {
    const world = openWorld(16 * KIB, [100 * KIB, 60 * KIB])
    for (const piece of [0, 1, 5, 8]) world.put(piece)
    world.run(2500)
    world.store.remove(world.nowMs, true)
    world.collect()
    world.run(1000)
    expect(kindsOf(world).at(-1)).toBe('removed')
    expect([...world.disk.files.keys()]).toEqual([])
    expect(world.saved.size).toBe(0)
  })
})
