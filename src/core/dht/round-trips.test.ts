import { expect, test } from 'vitest'
import { RoundTrips } from './round-trips.ts'

test('a fast network calls a query stalled sooner than a slow one', () => {
  const [fast, slow] = [new RoundTrips(), new RoundTrips()]
  for (let count = 0; count < 64; count++) {
    fast.note(20 + (count % 10))
    slow.note(300 + (count % 10) * 50)
  }
  expect(fast.stallMs()).toBeLessThan(150)
  expect(slow.stallMs()).toBeGreaterThan(650)
  expect(slow.stallMs()).toBeLessThanOrEqual(1500)
})

test('jitter of 100 ms is nobody’s fault', () => {
  const trips = new RoundTrips()
  for (let count = 0; count < 64; count++) trips.note(30)
  expect(trips.stallMs()).toBeGreaterThanOrEqual(130)
})

test('a node of known round trip is held to its own', () => {
  const trips = new RoundTrips()
  expect(trips.stallMs(20)).toBeLessThan(100)
  expect(trips.stallMs(400)).toBeGreaterThan(600)
})

test('a late answer is still taken long after the query has stalled', () => {
  const trips = new RoundTrips()
  expect(trips.deadlineMs).toBeGreaterThanOrEqual(2500)
  for (let count = 0; count < 64; count++) trips.note(1400)
  expect(trips.deadlineMs).toBeGreaterThanOrEqual(5 * trips.stallMs())
})
