import { describe, expect, test } from 'vitest'
import { SharedQueue } from './shared-queue.ts'

const link = { targetBlocks: 100, bytesPerSecond: 800_000, roundTripMs: 50 }
const peer = { link, isNew: false, of: 5 }

/** A block every `everyMs`, for `forMs`. */
function run(queue: SharedQueue, times: { fromMs: number; forMs: number; everyMs: number }) {
  const { fromMs, forMs, everyMs } = times
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += everyMs) queue.noteBlock(nowMs, true)
}

describe('while somebody watches', () => {
  test('a peer has what its rate needs for the round trip, and little more', () => {
    const queue = new SharedQueue()
    queue.resume(0)
    run(queue, { fromMs: 0, forMs: 5000, everyMs: 4 })
    const needed = (800_000 * 0.05) / 16_384
    expect(queue.limitFor(5000, peer)).toBeGreaterThan(needed)
    expect(queue.limitFor(5000, peer)).toBeLessThan(needed * 2.5)
  })

  test('the silence of everybody is bridged: all peers are limited by one and the same pulse', () => {
    const queue = new SharedQueue()
    queue.resume(0)
    run(queue, { fromMs: 0, forMs: 5000, everyMs: 500 })
    expect(queue.limitFor(5000, peer)).toBeGreaterThan((800_000 * 0.55) / 16_384)
  })

  test('the bound goes off where the rate falls under it, and comes back', () => {
    const queue = new SharedQueue()
    queue.resume(0)
    run(queue, { fromMs: 0, forMs: 5000, everyMs: 4 })
    run(queue, { fromMs: 5000, forMs: 3000, everyMs: 20 })
    expect(queue.limitFor(8000, peer)).toBe(Number.POSITIVE_INFINITY)
    expect(queue.limitFor(60_000, peer)).toBeLessThan(100)
  })

  test('new peers share what all may have at the start', () => {
    const unknown = { link: { ...link, bytesPerSecond: 0 }, isNew: true }
    const queue = new SharedQueue()
    expect(queue.limitFor(0, { ...unknown, of: 1 })).toBe(20)
    expect(queue.limitFor(0, { ...unknown, of: 6 })).toBe(4)
    expect(queue.limitFor(0, { ...unknown, of: 200 })).toBe(2)
  })
})
