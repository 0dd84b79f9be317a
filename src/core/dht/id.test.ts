import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { parseIp, toHex } from '../bytes/index.ts'
import { compareDistance, isIdValidFor, keyNear, nodeIdFor, sharedBits } from './id.ts'

/** The table of BEP 42: IP, draw, the six digits of which the first 21 bits are bound. */
const VECTORS: readonly (readonly [string, number, string])[] = [
  ['124.31.75.21', 1, '5fbfbf'],
  ['21.75.31.124', 86, '5a3ce9'],
  ['65.23.51.170', 22, 'a5d432'],
  ['84.124.73.14', 65, '1b0321'],
  ['43.213.53.83', 90, 'e56f6c'],
]

const key = fc.uint8Array({ minLength: 20, maxLength: 20 })

test.each(VECTORS)('%s with draw %d is entitled to %s…', (text, draw, prefix) => {
  const ip = parseIp(text)!
  const id = nodeIdFor(ip, draw, new SeededLuck(1))
  const bound = (hex: string) => Number.parseInt(hex, 16) >> 3
  expect(bound(toHex(id.subarray(0, 3)))).toBe(bound(prefix))
  expect(id[19]).toBe(draw)
  expect(isIdValidFor(id, ip)).toBe(true)
})

test('an id made for an IPv6 address is valid there and nowhere else', () => {
  const ip = parseIp('2001:470:1:2::3')!
  const id = nodeIdFor(ip, 7, new SeededLuck(2))
  expect(isIdValidFor(id, ip)).toBe(true)
  expect(isIdValidFor(id, parseIp('2001:470:1:2:ffff::1')!)).toBe(true)
  expect(isIdValidFor(id, parseIp('2001:470:3:2::3')!)).toBe(false)
})

test('about 1 random id in 2^18 is valid for an address, since eight draws fit it', () => {
  const luck = new SeededLuck(3)
  const ip = parseIp('8.8.8.8')!
  let valid = 0
  for (let count = 0; count < 50_000; count++) if (isIdValidFor(luck.bytes(20), ip)) valid++
  expect(valid).toBeLessThanOrEqual(2)
})

test('a local address is entitled to any id', () => {
  expect(isIdValidFor(new Uint8Array(20), parseIp('127.3.2.1')!)).toBe(true)
  expect(isIdValidFor(new Uint8Array(20), parseIp('10.0.0.1')!)).toBe(true)
})

test('an address of another length is our mistake', () => {
  expect(() => nodeIdFor(new Uint8Array(5), 0, new SeededLuck(1))).toThrow(RangeError)
})

test('the distance is an order that agrees with the shared bits', () => {
  fc.assert(
    fc.property(key, key, key, (target, a, b) => {
      const order = compareDistance(target, a, b)
      expect(Math.sign(compareDistance(target, b, a))).toBe(-Math.sign(order) + 0)
      if (sharedBits(target, a) > sharedBits(target, b)) expect(order).toBeLessThan(0)
    }),
  )
})

test('a key near another one keeps exactly the bits that were asked for', () => {
  const luck = new SeededLuck(5)
  const real = luck.bytes(20)
  for (let bits = 0; bits <= 160; bits++) {
    expect(sharedBits(keyNear(real, bits, luck), real)).toBeGreaterThanOrEqual(bits)
  }
  const shared = Array.from({ length: 200 }, () => sharedBits(keyNear(real, 13, luck), real))
  expect(shared.filter(bits => bits > 20).length).toBeLessThan(5)
})
