import { expect, test } from 'vitest'
import { Meter } from './meter.ts'

test('an even flow is told at its rate', () => {
  const meter = new Meter()
  for (let nowMs = 0; nowMs < 10_000; nowMs += 100) meter.note(nowMs, 1_000)
  expect(meter.bytesPerSecond(10_000)).toBeGreaterThan(9_000)
  expect(meter.bytesPerSecond(10_000)).toBeLessThan(11_000)
  expect(meter.totalBytes).toBe(100_000)
})

test('four seconds of silence read as nothing, however long the pause before', () => {
  const meter = new Meter()
  meter.note(0, 1_000_000)
  expect(meter.bytesPerSecond(4_500)).toBe(0)
  meter.note(1_000_000, 500)
  expect(meter.bytesPerSecond(1_000_000)).toBeLessThan(1_000)
})

test('nothing noted is no speed', () => {
  expect(new Meter().bytesPerSecond(5)).toBe(0)
})
