import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ed25519 } from '../../node/ed25519.ts'
import { fromHex, toHex } from '../bytes/index.ts'
import { isItemGood, isNewer, targetOf } from './item.ts'
import type { Item } from './words.ts'

const sha1 = (bytes: Uint8Array) => new Uint8Array(createHash('sha1').update(bytes).digest())
const tools = { sha1, signatures: ed25519 }
const value = new TextEncoder().encode('12:Hello World!')
const key = fromHex('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548')!

/** The test vectors of BEP 44. */
const VECTORS: readonly { name: string; item: Item; target: string }[] = [
  {
    name: 'mutable',
    item: {
      value,
      mutable: {
        key,
        sequence: 1n,
        signature: fromHex(
          '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff' +
            '1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
        )!,
      },
    },
    target: '4a533d47ec9c7d95b1ad75f576cffc641853b750',
  },
  {
    name: 'mutable with salt',
    item: {
      value,
      mutable: {
        key,
        sequence: 1n,
        salt: new TextEncoder().encode('foobar'),
        signature: fromHex(
          '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17d' +
            'df9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
        )!,
      },
    },
    target: '411eba73b6f087ca51a3795d9c8c938d365e32c1',
  },
  { name: 'immutable', item: { value }, target: 'e5f96f6f38320f0f33959cb4d3d656452117aadb' },
]

test.each(VECTORS)('the $name item of BEP 44 has its target and is good', ({ item, target }) => {
  expect(toHex(targetOf(item, sha1))).toBe(target)
  expect(isItemGood(item, fromHex(target)!, tools)).toBe(true)
})

test.each(VECTORS)('the $name item with another value is not good', ({ item, target }) => {
  const other = { ...item, value: new TextEncoder().encode('12:Hello world!') }
  expect(isItemGood(other, fromHex(target)!, tools)).toBe(false)
})

test('without a way to check signatures no mutable item is believed', () => {
  const [{ item, target }] = VECTORS as [(typeof VECTORS)[0]]
  const blind = { sha1, signatures: undefined }
  expect(isItemGood(item, fromHex(target)!, blind)).toBe(false)
})

test('an item is newer than none and than one with a smaller sequence number, never than its like', () => {
  const [{ item }] = VECTORS as [(typeof VECTORS)[0]]
  const next = { ...item, mutable: { ...item.mutable!, sequence: 2n } }
  expect(isNewer(item, undefined)).toBe(true)
  expect(isNewer(next, item)).toBe(true)
  expect(isNewer(item, item)).toBe(false)
})
