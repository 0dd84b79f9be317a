import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../bytes/index.ts'
import { KeyedHash } from './keyed-hash.ts'

const KEY = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)

/** The words of the message 00 01 02 … of `size` bytes, padded as the algorithm wants. */
function words(size: number): Int32Array {
  const padded = new Uint8Array((size & ~3) + 4)
  for (let index = 0; index < size; index++) padded[index] = index
  padded[padded.length - 1] = size
  return new Int32Array(padded.buffer)
}

// vectors_hsip64 of https://github.com/veorq/SipHash: HalfSipHash-2-4, 64 bits, of the first bytes 00 01 02 …
test.each([
  [0, '218d1f59b9b83cc8'],
  [4, 'd5e78a175be52ea1'],
  [6, 'ce3e91358aa2bc25'],
  [18, 'c9b2db2b9a3e42f9'],
])('the tag of a message of %i bytes is that of the reference', (size, expected) => {
  const tag = new Int32Array(2)
  new KeyedHash(KEY).tag(words(size), tag)
  expect(toHex(new Uint8Array(tag.buffer))).toBe(expected)
})

test('places change with the key and with each word', () => {
  const other = fromHex('0001020304050608') as Uint8Array
  const places = [
    new KeyedHash(KEY).place(1, 2),
    new KeyedHash(KEY).place(2, 1),
    new KeyedHash(KEY).place(1, 3),
    new KeyedHash(other).place(1, 2),
  ]
  expect(new Set(places).size).toBe(4)
  expect(places.every(place => place >= 0 && place < 2 ** 32)).toBe(true)
})

test('places of consecutive words fill the slots of a table evenly', () => {
  const hash = new KeyedHash(KEY)
  const counts = new Array<number>(256).fill(0)
  for (let word = 0; word < 65_536; word++) {
    const slot = hash.place(word, 0) & 255
    counts[slot] = (counts[slot] as number) + 1
  }
  const chiSquared = counts.reduce((sum, count) => sum + (count - 256) ** 2 / 256, 0)
  // 255 degrees of freedom: above 330 one fair table in a thousand.
  expect(chiSquared).toBeLessThan(330)
})
