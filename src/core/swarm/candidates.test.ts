import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import type { Address } from '../bytes/index.ts'
import { CANDIDATES_MAX, Candidates } from './candidates.ts'

const address = (number: number): Address => ({
  ip: Uint8Array.of(10, number >> 16, (number >> 8) & 255, number & 255),
  port: 6881,
})
const candidates = () => new Candidates(new SeededLuck(1))

test('an address is known once, whoever names it again', () => {
  const known = candidates()
  expect(known.add(address(1), 'dht')).toBe(known.add(address(1), 'given'))
  expect(known.size).toBe(1)
})

test('what the user gave is dialled first, then what has given most, then what failed least', () => {
  const known = candidates()
  const failed = known.add(address(1), 'dht')
  const generous = known.add(address(2), 'dht')
  const given = known.add(address(3), 'given')
  if (failed === undefined || generous === undefined || given === undefined) throw new Error()
  failed.failures = 2
  generous.givenBytes = 1
  const order = [1, 2, 3].map(() => {
    const next = known.next(0)
    if (next !== undefined) known.connected(next)
    return next
  })
  expect(order).toEqual([given, generous, failed])
})

test('a failed address waits twice as long each time, and never longer than a quarter of an hour', () => {
  const known = candidates()
  const one = known.add(address(1), 'given')
  if (one === undefined) throw new Error()
  const waits: number[] = []
  for (let round = 0; round < 12; round++) {
    known.connected(one)
    known.disconnected(0, one, false)
    waits.push(one.retryAtMs)
    known.retryAtOnce(0, one)
  }
  expect(waits[0]).toBeGreaterThanOrEqual(5_000)
  expect(waits[2] as number).toBeGreaterThan(waits[0] as number)
  expect(Math.max(...waits)).toBeLessThanOrEqual(15 * 60_000)
})

test('a banned address is never dialled again, not even when it leaves and is named anew', () => {
  const known = candidates()
  const one = known.add(address(1), 'given')
  if (one === undefined) throw new Error()
  known.connected(one)
  known.ban(one)
  known.disconnected(0, one, true)
  known.add(address(1), 'given')
  expect(known.next(1e9)).toBeUndefined()
})

test('beyond the limit only an address that failed again and again makes room', () => {
  const known = candidates()
  for (let number = 0; number < CANDIDATES_MAX; number++) known.add(address(number), 'dht')
  expect(known.add(address(CANDIDATES_MAX), 'dht')).toBeUndefined()
  const stale = known.find(address(7))
  if (stale === undefined) throw new Error()
  stale.failures = 3
  expect(known.add(address(CANDIDATES_MAX), 'dht')).toBeDefined()
  expect(known.find(address(7))).toBeUndefined()
  expect(known.size).toBe(CANDIDATES_MAX)
})

test('an address that becomes due is found although nobody was due a moment ago', () => {
  const known = candidates()
  expect(known.next(0)).toBeUndefined()
  const one = known.add(address(1), 'dht')
  if (one === undefined) throw new Error()
  expect(known.next(0)).toBe(one)
  known.connected(one)
  expect(known.next(1)).toBeUndefined()
  known.disconnected(1, one, false)
  expect(known.next(one.retryAtMs - 1)).toBeUndefined()
  expect(known.next(one.retryAtMs)).toBe(one)
  expect(known.next(one.retryAtMs)).toBe(one)
})
