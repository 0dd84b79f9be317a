import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  isVerified,
  PIECES_MAX,
  piecesOf,
  verifiedAheadBytes,
  verifiedCount,
  verifiedRuns,
} from './pieces.ts'

const fromList = (count: number, verified: readonly number[]) => {
  const bits = new Uint8Array(Math.ceil(count / 8))
  for (const piece of verified) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
  return piecesOf({
    pieceCount: count,
    verified: Buffer.from(bits).toString('base64'),
    inFlight: [],
  })
}

test('bit 7 of byte 0 is piece 0', () => {
  const pieces = fromList(10, [0, 7, 8])
  const there = Array.from({ length: 10 }, (_, piece) => piece).filter(p => isVerified(pieces, p))
  expect(there).toEqual([0, 7, 8])
  expect(verifiedCount(pieces, 0, 8)).toBe(2)
})

test('a bit field that is too short leaves the rest missing', () => {
  const pieces = piecesOf({ pieceCount: 100, verified: btoa('\xff'), inFlight: [] })
  expect(verifiedCount(pieces, 0, 100)).toBe(8)
})

test('a view of more pieces than any torrent has is cut', () => {
  const pieces = piecesOf({ pieceCount: 2 ** 40, verified: '', inFlight: [] })
  expect(pieces.count).toBe(PIECES_MAX)
  expect(pieces.bits).toHaveLength(PIECES_MAX / 8)
})

test('runs begin and end where the file does, not where its pieces do', () => {
  const pieces = fromList(4, [0, 1, 3])
  const file = { offsetBytes: 50, bytes: 300 }
  expect(verifiedRuns(pieces, 100, file, 1000)).toEqual([
    { begin: 0, end: 0.5 },
    { begin: 250 / 300, end: 1 },
  ])
})

test('runs are ordered, apart, and no more than the bar can show', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(999)), fc.integer({ min: 10, max: 400 }), (list, resolution) => {
      const runs = verifiedRuns(
        fromList(1000, list),
        7,
        { offsetBytes: 3, bytes: 6990 },
        resolution,
      )
      expect(runs.length).toBeLessThanOrEqual(2 * resolution + 1)
      for (const [index, run] of runs.entries()) {
        expect(run.begin).toBeLessThan(run.end)
        if (index > 0) expect(run.begin).toBeGreaterThan(runs[index - 1]!.end)
      }
    }),
  )
})

test('what a player can read ends at the first gap or at the end of its file', () => {
  const pieces = fromList(5, [1, 2, 4])
  const file = { offsetBytes: 90, bytes: 400 }
  expect(verifiedAheadBytes(pieces, 100, file, 10)).toBe(200)
  expect(verifiedAheadBytes(pieces, 100, file, 0)).toBe(0)
  expect(verifiedAheadBytes(pieces, 100, file, 320)).toBe(80)
})
