import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { parseAddress } from '../bytes/index.ts'
import {
  AMPLIFICATION_MAX,
  ANSWER_BYTES_MAX,
  Guard,
  QUERIES_AT_ONCE_MAX,
  QUERIES_PER_SECOND_MAX,
  VERIFIED_MAX,
} from './guard.ts'

const alice = parseAddress('8.8.8.8:6881')!
const bob = parseAddress('9.9.9.9:6881')!

test('an address may ask a burst, then only at its rate, and nobody else pays for it', () => {
  const guard = new Guard(new SeededLuck(1))
  let admitted = 0
  for (let count = 0; count < 1000; count++) if (guard.admits(0, alice)) admitted++
  expect(admitted).toBe(QUERIES_AT_ONCE_MAX)
  for (let ms = 1; ms <= 10_000; ms++) if (guard.admits(ms, alice)) admitted++
  expect(admitted).toBe(QUERIES_AT_ONCE_MAX + 10 * QUERIES_PER_SECOND_MAX)
  expect(guard.admits(10_000, bob)).toBe(true)
})

test('other ports of one machine share its rate', () => {
  const guard = new Guard(new SeededLuck(1))
  for (let port = 1; port <= QUERIES_AT_ONCE_MAX; port++) guard.admits(0, { ...alice, port })
  expect(guard.admits(0, alice)).toBe(false)
})

test('an unverified address gets little more than it sent, a verified one a full answer', () => {
  const guard = new Guard(new SeededLuck(1))
  expect(guard.budget(alice, 100)).toBe(100 * AMPLIFICATION_MAX)
  expect(guard.budget(alice, 8000)).toBe(ANSWER_BYTES_MAX)
  guard.verify(alice)
  expect(guard.budget(alice, 100)).toBe(ANSWER_BYTES_MAX)
})

test('the verified are remembered up to a limit, the oldest make room', () => {
  const guard = new Guard(new SeededLuck(1))
  guard.verify(alice)
  for (let count = 0; count < VERIFIED_MAX; count++) {
    guard.verify({ ip: Uint8Array.of(20, count >> 16, (count >> 8) & 255, count & 255), port: 1 })
  }
  expect(guard.isVerified(alice)).toBe(false)
})
