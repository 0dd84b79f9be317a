import { expect, test } from 'vitest'
import { EventHeap } from './heap.ts'
import { SeededLuck } from './random.ts'

test('events come out by time, and those of one time in the order in which they were planned', () => {
  const luck = new SeededLuck(3)
  const heap = new EventHeap()
  const seen: [number, number][] = []
  let now = 0
  for (let index = 0; index < 2000; index++) {
    const atMs = luck.below(100)
    heap.plan(atMs, () => seen.push([atMs, index]))
  }
  for (let event = heap.take(); event !== undefined; event = heap.take()) {
    expect(event.atMs).toBeGreaterThanOrEqual(now)
    now = event.atMs
    event.run()
  }
  const sorted = seen.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
  expect(seen).toEqual(sorted)
  expect(seen).toHaveLength(2000)
})

test('one seed gives one sequence, and another seed another', () => {
  const draw = (seed: number) =>
    Array.from({ length: 20 }, (_, i) => [i, new SeededLuck(seed).fork().word()])
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
})

test('draws spread evenly over their range', () => {
  const luck = new SeededLuck(11)
  const counts = new Array<number>(10).fill(0)
  for (let index = 0; index < 10_000; index++) {
    const draw = luck.below(10)
    counts[draw] = (counts[draw] ?? 0) + 1
  }
  expect(Math.min(...counts)).toBeGreaterThan(900)
  expect(Math.max(...counts)).toBeLessThan(1100)
})
