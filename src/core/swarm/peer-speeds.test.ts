import { expect, test } from 'vitest'
import { layoutOf } from './layout.ts'
import { Picker } from './picker.ts'
import { Pipeline } from './pipeline.ts'

/** A picker of 8 pieces of 4 blocks, with unchoked seeders. */
function seeded(peers: number) {
  const layout = layoutOf({ pieceBytes: 65_536, totalBytes: 8 * 65_536 })
  const picker = new Picker({ layout, openPiecesMax: 8 })
  for (let slot = 0; slot < peers; slot++) {
    picker.peerJoined(slot, new Pipeline())
    picker.peerHasAll(slot)
    picker.unchoked(slot)
  }
  const out = new Int32Array(64)
  const pick = (nowMs: number, slot: number, room: number) =>
    Array.from(out.subarray(0, picker.pick(nowMs, slot, room, out)))
  return { picker, pick }
}

test('without a viewer, a peer that gives no block for ten seconds loses its blocks to others', () => {
  const { picker, pick } = seeded(2)
  expect(pick(0, 0, 4)).toEqual([0, 1, 2, 3])
  const [first] = pick(0, 1, 1)
  for (let nowMs = 0; nowMs <= 10_000; nowMs = picker.wakeAtMs) picker.wake(nowMs)
  expect(picker.outstandingOf(0)).toBe(4)
  picker.received(10_000, 1, first!)
  picker.wake(10_001)
  expect(picker.outstandingOf(0)).toBe(0)
  expect(pick(10_001, 1, 7).slice(0, 7)).toContain(0)
  expect(pick(10_002, 0, 4)).toEqual([])
  expect(pick(40_002, 0, 4)).not.toEqual([])
})

test('a late block is welcome, and its sender is asked again', () => {
  const { picker, pick } = seeded(2)
  pick(0, 0, 1)
  const [first] = pick(0, 1, 1)
  picker.allowedFast(0, 0)
  picker.wake(2_001)
  picker.received(10_000, 1, first!)
  picker.wake(10_001)
  expect(pick(10_002, 0, 1)).toEqual([])
  expect(picker.received(11_000, 0, 0)).toBe('accepted')
  expect(pick(11_001, 0, 1)).not.toEqual([])
})

test('a peer that is silent keeps its blocks while nobody else could send them', () => {
  const { picker, pick } = seeded(1)
  pick(0, 0, 4)
  for (const nowMs of [2_001, 10_001, 60_000]) picker.wake(nowMs)
  expect(picker.outstandingOf(0)).toBe(4)
})
