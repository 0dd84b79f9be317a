import { describe, expect, test } from 'vitest'
import { BitRate, BYTES_PER_SECOND_GUESS } from './bit-rate.ts'
import { Deadlines, DUE_PIECES_MAX, READS_MAX, VIEWERS_MAX, type ViewerRead } from './deadline.ts'
import { layoutOf } from './layout.ts'

const MIB = 1024 * 1024

/** One film of 200 MiB in pieces of 1 MiB, and a list of verified pieces. */
function film(pieceBytes = MIB) {
  const size = 200 * MIB
  const verified = new Set<number>()
  const layout = layoutOf({ pieceBytes, totalBytes: size })
  const deadlines = new Deadlines(layout, piece => verified.has(piece))
  let request = 0
  const read = (nowMs: number, begin: number, more: Partial<ViewerRead> = {}) =>
    deadlines.readStarted(nowMs, {
      viewer: 1,
      request: ++request,
      file: { begin: 0, size },
      begin,
      size: 64 * 1024,
      ...more,
    })
  const due = () => Array.from(deadlines.pieces.subarray(0, deadlines.count))
  return { deadlines, read, due, verified, last: () => request }
}

describe('the window of a viewer', () => {
  test('reaches 30 seconds ahead, in order, the piece that is read first', () => {
    const { read, due } = film()
    read(0, 10 * MIB)
    expect(due()[0]).toBe(10)
    expect(Math.max(...due().filter(piece => piece < 190))).toBe(10 + Math.floor(30e6 / MIB))
    expect(due().filter(piece => piece < 10)).toEqual([])
  })

  test('skips what is verified', () => {
    const { read, due, verified } = film()
    verified.add(11)
    read(0, 10 * MIB)
    expect(due()).not.toContain(11)
  })

  test('fetches the end of a file of unknown kind after the first seconds of playback', () => {
    const { read, due } = film()
    read(0, 0)
    expect(due().indexOf(199)).toBeGreaterThan(2)
    expect(due().indexOf(199)).toBeLessThan(8)
  })

  test('moves with a jump, and is forgotten when the viewer leaves', () => {
    const { deadlines, read, due, last } = film()
    expect(read(0, 0)).toBe(true)
    deadlines.readEnded(900, last(), 0)
    expect(read(1000, 100 * MIB)).toBe(true)
    expect(due()[0]).toBe(100)
    expect(deadlines.covers(0)).toBe(false)
    deadlines.viewerLeft(1)
    expect(due()).toEqual([])
  })

  test('does not move with reads that follow on', () => {
    const { deadlines, read, last } = film()
    read(0, 0)
    deadlines.readEnded(10, last(), 64 * 1024)
    expect(read(20, 64 * 1024)).toBe(false)
    expect(deadlines.windowOf(1)?.positionBytes).toBe(64 * 1024)
  })

  test('of two viewers comes in turns, by due time', () => {
    const { read, due } = film()
    read(0, 0)
    read(0, 100 * MIB, { viewer: 2 })
    const first = due().slice(0, 6)
    expect(first.filter(piece => piece < 50).length).toBe(3)
    expect(first.filter(piece => piece >= 100).length).toBe(3)
  })

  test('lists no more pieces than its limit, the earliest', () => {
    const { read, due } = film(16 * 1024)
    for (let viewer = 1; viewer <= 40; viewer++) read(viewer, viewer * 4 * MIB, { viewer })
    expect(due().length).toBe(DUE_PIECES_MAX)
    expect(new Set(due()).size).toBe(DUE_PIECES_MAX)
  })

  test('is kept for so many viewers only, the silent ones lose theirs', () => {
    const { deadlines, read } = film()
    for (let viewer = 1; viewer <= VIEWERS_MAX + 1; viewer++) read(viewer, 0, { viewer })
    expect(deadlines.viewerCount).toBe(VIEWERS_MAX)
    expect(deadlines.windowOf(1)).toBeUndefined()
  })

  test('hurries so many reads only, the newest', () => {
    const { deadlines, read } = film()
    for (let count = 0; count <= READS_MAX; count++) read(0, count * 2 * MIB)
    expect(deadlines.isAwaited(0)).toBe(false)
    expect(deadlines.isAwaited(2)).toBe(true)
  })
})

describe('the bit rate', () => {
  test('is a guess at first, then what is consumed, and what the container says before both', () => {
    const rate = new BitRate()
    expect(rate.bytesPerSecond).toBe(BYTES_PER_SECOND_GUESS)
    for (let second = 0; second <= 60; second++) rate.noteConsumed(second * 1000, 500_000)
    expect(rate.bytesPerSecond).toBeCloseTo(500_000, -5)
    rate.noteContainer({ bytes: 3_000_000_000, seconds: 6000 })
    expect(rate.bytesPerSecond).toBe(500_000)
    rate.noteContainer({ bytes: 1e15, seconds: 1 })
    expect(rate.bytesPerSecond).toBe(50_000_000)
  })

  test('takes no nonsense from a container', () => {
    const rate = new BitRate()
    for (const seconds of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      rate.noteContainer({ bytes: 1000, seconds })
    }
    expect(rate.bytesPerSecond).toBe(BYTES_PER_SECOND_GUESS)
  })
})
