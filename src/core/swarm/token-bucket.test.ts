import { expect, test } from 'vitest'
import { TokenBucket } from './token-bucket.ts'

test('a second lets through what the rate says, on top of one burst', () => {
  const bucket = new TokenBucket(1_000_000)
  let taken = 0
  for (let nowMs = 0; nowMs <= 1000; nowMs += 10) {
    const now = Math.min(bucket.available(nowMs), 50_000)
    bucket.take(now)
    taken += now
  }
  expect(taken).toBeLessThanOrEqual(1_250_000)
  expect(taken).toBeGreaterThanOrEqual(1_000_000)
})

test('an idle bucket saves up a quarter of a second and no more', () => {
  const bucket = new TokenBucket(1_000_000)
  expect(bucket.available(3_600_000)).toBe(250_000)
})

test('a rate below a block a burst still lets a whole block through', () => {
  const bucket = new TokenBucket(1_000)
  expect(bucket.available(0)).toBeGreaterThanOrEqual(16_384)
})

test('what is owed is paid back before anything is available', () => {
  const bucket = new TokenBucket(100_000)
  bucket.take(bucket.available(0) + 10_000)
  expect(bucket.available(0)).toBe(0)
  expect(bucket.readyAtMs(0, 1)).toBeCloseTo(100, 0)
  expect(bucket.available(101)).toBeGreaterThan(0)
})

test('without a limit nothing is counted, and a limit set later starts with no debt', () => {
  const bucket = new TokenBucket(Number.POSITIVE_INFINITY)
  bucket.take(1e12)
  expect(bucket.available(0)).toBe(Number.POSITIVE_INFINITY)
  expect(bucket.readyAtMs(5, 1e9)).toBe(5)
  bucket.setRate(10, 1_000_000)
  expect(bucket.available(1_010)).toBe(250_000)
})
