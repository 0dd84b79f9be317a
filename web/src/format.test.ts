import { describe, expect, test } from 'vitest'
import {
  formatBytes,
  formatClock,
  formatPercent,
  formatSpeed,
  formatTimeLeft,
  plural,
  spokenClock,
} from './format.ts'

describe('sizes', () => {
  test.each([
    [0, '0 B'],
    [-1, '0 B'],
    [Number.NaN, '0 B'],
    [999, '999 B'],
    [999.7, '1 kB'],
    [1000, '1 kB'],
    [1536, '1.54 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [12_345_678, '12.3 MB'],
    [8 * 1024 ** 3, '8.59 GB'],
    [1e18, '1000 PB'],
  ])('%d bytes are written %s', (bytes, text) => {
    expect(formatBytes(bytes).replace('\u00a0', ' ')).toBe(text)
  })

  test('a speed is a size each second', () => {
    expect(formatSpeed(2_400_000).replace('\u00a0', ' ')).toBe('2.4 MB/s')
  })
})

describe('times', () => {
  test.each([
    [Number.NaN, '0:00'],
    [Number.POSITIVE_INFINITY, '0:00'],
    [59.9, '0:59'],
    [247, '4:07'],
    [3753, '1:02:33'],
  ])('the moment %d is written %s', (seconds, text) => {
    expect(formatClock(seconds)).toBe(text)
  })

  test.each([
    [0, '0 seconds'],
    [61, '1 minute 1 second'],
    [3753, '1 hour 2 minutes 33 seconds'],
  ])('the moment %d is spoken %s', (seconds, text) => {
    expect(spokenClock(seconds)).toBe(text)
  })

  test.each([
    [0.2, '1 s'],
    [59.4, '59 s'],
    [90, '2 min'],
    [3600, '1 h'],
    [12_000, '3 h 20 min'],
    [100_000, '28 h'],
    [400_000, '5 days'],
  ])('%d seconds left are written %s', (seconds, text) => {
    expect(formatTimeLeft(seconds)).toBe(text)
  })
})

test('a hundred per cent means all of it, and none means nothing', () => {
  expect(formatPercent(0.9999)).toBe('99\u00a0%')
  expect(formatPercent(1)).toBe('100\u00a0%')
  expect(formatPercent(0.0001)).toBe('<1\u00a0%')
  expect(formatPercent(0)).toBe('0\u00a0%')
})

test('one of a thing has no s', () => {
  expect(plural(1, 'peer')).toBe('1 peer')
  expect(plural(0, 'peer')).toBe('0 peers')
})
