import { expect, test } from 'vitest'
import { VisitorTable } from './visitors.ts'

const table = (slots = 16) => new VisitorTable({ ratePerSecond: 10, burst: 5, slots }, 0)

/** How many of `asked` queries at once the visitor is allowed. */
const allowed = (visitors: VisitorTable, nowMs: number, place: number, asked: number): number =>
  Array.from({ length: asked }, () => visitors.allows(nowMs, place)).filter(Boolean).length

test('a visitor may ask a burst at once, then as often as the rate says', () => {
  const visitors = table()
  expect(allowed(visitors, 0, 7, 20)).toBe(5)
  expect(allowed(visitors, 1000, 7, 20)).toBe(5)
  expect(allowed(visitors, 1100, 7, 20)).toBe(1)
  expect(allowed(visitors, 1250, 7, 20)).toBe(1)
})

test('a flood of one visitor takes nothing from another', () => {
  const visitors = table()
  for (let query = 0; query < 1000; query++) visitors.allows(query, 7)
  expect(allowed(visitors, 1000, 8, 20)).toBe(5)
})

test('a visitor at place 0 is a visitor like any other', () => {
  expect(allowed(table(), 0, 0, 20)).toBe(5)
})

test('a visitor waits as long as was noted, and only he', () => {
  const visitors = table()
  visitors.allows(0, 7)
  visitors.noteWaiting(1000)
  expect(visitors.isWaiting).toBe(true)
  visitors.allows(0, 8)
  expect(visitors.isWaiting).toBe(false)
  visitors.allows(990, 7)
  expect(visitors.isWaiting).toBe(true)
  visitors.allows(1000, 7)
  expect(visitors.isWaiting).toBe(false)
})

test('a crowd makes the table forget the stalest, not grow', () => {
  const visitors = table(4)
  for (let place = 1; place <= 4; place++) allowed(visitors, place * 10, place, 20)
  visitors.allows(100, 5)
  expect(allowed(visitors, 100, 4, 20)).toBe(0)
  expect(allowed(visitors, 100, 1, 20)).toBe(5)
})

test('when the clock of 32 bits turns, nobody is locked out', () => {
  const turnMs = 2 ** 32 * 10
  const visitors = table()
  allowed(visitors, turnMs - 10, 7, 20)
  visitors.noteWaiting(1000)
  expect(allowed(visitors, turnMs + 10, 7, 20)).toBeGreaterThan(0)
  expect(visitors.isWaiting).toBe(true)
})
