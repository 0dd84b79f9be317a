import { expect, test } from 'vitest'
import { AWAKE_MS, Pace, SLOW_IN_A_ROW_MAX, SLOW_MS, SLOW_REST_MS } from './pace.ts'

function paceAfter(...durationsMs: number[]) {
  const pace = new Pace()
  let nowMs = 0
  for (const durationMs of durationsMs) {
    pace.note(nowMs, nowMs + durationMs)
    nowMs += durationMs
  }
  return { pace, nowMs }
}

const SLOW = SLOW_MS + 1

test('three slow requests in a row leave the disk to the pool for five seconds', () => {
  const { pace, nowMs } = paceAfter(1, ...new Array(SLOW_IN_A_ROW_MAX).fill(SLOW))
  expect(pace.isQuick(nowMs)).toBe(false)
  expect(pace.isQuick(nowMs + SLOW_REST_MS - 1)).toBe(false)
  expect(pace.isQuick(nowMs + SLOW_REST_MS)).toBe(true)
})

test('slow requests with a quick one between say nothing', () => {
  const { pace, nowMs } = paceAfter(SLOW, SLOW, 1, SLOW, SLOW, 1, SLOW)
  expect(pace.isQuick(nowMs)).toBe(true)
})

test('a disk that nobody has asked for a while may be asleep: the pool wakes it', () => {
  expect(new Pace().isQuick(0)).toBe(false)
  const { pace, nowMs } = paceAfter(1)
  expect(pace.isQuick(nowMs + AWAKE_MS - 1)).toBe(true)
  expect(pace.isQuick(nowMs + AWAKE_MS)).toBe(false)
})
