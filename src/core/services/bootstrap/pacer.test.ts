import { expect, test } from 'vitest'
import { PingPacer } from './pacer.ts'

test('the rate is twice the need, within its bounds', () => {
  const pacer = new PingPacer(25_000, 0)
  expect(pacer.rateFor(0)).toBe(200)
  expect(pacer.rateFor(1000)).toBe(2000)
  expect(pacer.rateFor(1e9)).toBe(25_000)
  expect(pacer.rateFor(Number.POSITIVE_INFINITY)).toBe(25_000)
})

test('over time as many pings may leave as the rate says, in steps of any length', () => {
  const pacer = new PingPacer(25_000, 0)
  let taken = 0
  for (let nowMs = 20; nowMs <= 10_000; nowMs += 20) taken += pacer.take(nowMs, 333)
  expect(taken).toBeGreaterThanOrEqual(3329)
  expect(taken).toBeLessThanOrEqual(3330)
})

test('a pause is not made up for by more than a tenth of a second', () => {
  const pacer = new PingPacer(25_000, 0)
  expect(pacer.take(60_000, 1000)).toBe(100)
})

test('what was given back may leave later', () => {
  const pacer = new PingPacer(25_000, 0)
  pacer.giveBack(pacer.take(100, 1000))
  expect(pacer.take(100, 1000)).toBe(100)
})
