// The space of 160-bit keys: distance, and the ids that BEP 42 ties to an IP address.
import { ipScope } from '../bytes/index.ts'
import type { Luck } from '../world/index.ts'
import type { Key } from './words.ts'

export const KEY_SIZE = 20
const KEY_BITS = KEY_SIZE * 8

/** How many leading bits `a` and `b` have in common, 0–160. */
export function sharedBits(a: Key, b: Key): number {
  for (let index = 0; index < KEY_SIZE; index++) {
    const difference = (a[index] as number) ^ (b[index] as number)
    if (difference !== 0) return index * 8 + Math.clz32(difference) - 24
  }
  return KEY_BITS
}

/** Order by XOR distance to `target`: negative where `a` is nearer, 0 where they are the same key. */
export function compareDistance(target: Key, a: Key, b: Key): number {
  for (let index = 0; index < KEY_SIZE; index++) {
    const x = a[index] as number
    const y = b[index] as number
    if (x !== y) return (x ^ (target[index] as number)) - (y ^ (target[index] as number))
  }
  return 0
}

/**
 * A random key that keeps the first `bits` bits of `key` and lets luck choose the others.
 *
 * @param bits 0–160.
 * @returns 20 bytes, freshly made.
 */
export function keyNear(key: Key, bits: number, luck: Luck): Key {
  const near = luck.bytes(KEY_SIZE)
  const whole = bits >> 3
  near.set(key.subarray(0, whole))
  if (bits % 8 === 0) return near
  const kept = 0xff00 >> (bits % 8)
  near[whole] = ((key[whole] as number) & kept) | ((near[whole] as number) & ~kept & 0xff)
  return near
}

const IP4_MASK = [0x03, 0x0f, 0x3f, 0xff]
const IP6_MASK = [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff]

/**
 * The node id that `ip` is entitled to.
 *
 * @param ip   4 or 16 bytes, network order.
 * @param draw 0–255, kept as the last byte; its low 3 bits choose one of eight ids.
 * @param luck where the bits come from that the rule leaves free.
 * @returns 20 bytes, freshly made; the first 21 bits are bound to `ip`.
 * @throws RangeError on another `ip` length: the caller's mistake, not a stranger's.
 * @see BEP 42; vectors in id.test.ts
 */
export function nodeIdFor(ip: Uint8Array, draw: number, luck: Luck): Key {
  const bound = boundBits(ip, draw)
  const id = luck.bytes(KEY_SIZE)
  id[0] = bound >>> 24
  id[1] = bound >>> 16
  id[2] = ((bound >>> 8) & 0xf8) | ((id[2] as number) & 0x07)
  id[KEY_SIZE - 1] = draw
  return id
}

/**
 * Whether `ip` is entitled to `id`. Addresses of a local network are entitled to any.
 *
 * @throws RangeError on another `ip` length.
 * @see BEP 42
 */
export function isIdValidFor(id: Key, ip: Uint8Array): boolean {
  return ipScope(ip) !== 'public' || isIdBoundTo(id, ip)
}

/**
 * Whether `id` is one of those that BEP 42 derives from `ip`, whatever network `ip` lies in.
 *
 * @throws RangeError on another `ip` length.
 */
export function isIdBoundTo(id: Key, ip: Uint8Array): boolean {
  const bound = boundBits(ip, id[KEY_SIZE - 1] as number)
  return (
    id[0] === bound >>> 24 &&
    id[1] === ((bound >>> 16) & 0xff) &&
    ((id[2] as number) & 0xf8) === ((bound >>> 8) & 0xf8)
  )
}

function boundBits(ip: Uint8Array, draw: number): number {
  if (ip.length !== 4 && ip.length !== 16) throw new RangeError('an IP has 4 or 16 bytes')
  const mask = ip.length === 4 ? IP4_MASK : IP6_MASK
  let crc = 0xffffffff
  for (let index = 0; index < mask.length; index++) {
    let byte = (ip[index] as number) & (mask[index] as number)
    if (index === 0) byte |= (draw & 7) << 5
    crc = (crc >>> 8) ^ (CRC32C[(crc ^ byte) & 0xff] as number)
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** Castagnoli's polynomial, reflected. */
const CRC32C = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  return crc
})
