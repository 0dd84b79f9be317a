import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseIp, readUint32, writeUint32 } from '../bytes/index.ts'
import { Blocklist, type IpRange } from './blocklist.ts'

const ip = (text: string): Uint8Array => parseIp(text) as Uint8Array
const range = (first: string, last: string): IpRange => ({ first: ip(first), last: ip(last) })

const ip4 = (word: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  writeUint32(bytes, 0, word)
  return bytes
}

test('both ends of a range are in it, and their neighbours are not', () => {
  const list = new Blocklist()
  list.replace([range('10.0.0.5', '10.0.1.2'), range('2001:db8::5', '2001:db8::9')])
  for (const text of ['10.0.0.5', '10.0.0.255', '10.0.1.2', '2001:db8::5', '2001:db8::9']) {
    expect(list.has(ip(text)), text).toBe(true)
  }
  for (const text of ['10.0.0.4', '10.0.1.3', '2001:db8::4', '2001:db8::a', '0.0.0.0']) {
    expect(list.has(ip(text)), text).toBe(false)
  }
})

test('an empty list has nobody, and replacing forgets what was listed', () => {
  const list = new Blocklist()
  expect(list.has(ip('1.2.3.4'))).toBe(false)
  list.replace([range('1.2.3.4', '1.2.3.4')])
  list.replace([])
  expect(list.has(ip('1.2.3.4'))).toBe(false)
})

test('whatever the ranges, an address is listed exactly if it lies in one of them', () => {
  const word = fc.nat(300)
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { maxLength: 30 }), word, (pairs, asked) => {
      const list = new Blocklist()
      list.replace(pairs.map(([a, b]) => ({ first: ip4(a), last: ip4(b) })))
      const isIn = pairs.some(([a, b]) => a <= asked && asked <= b)
      expect(list.has(ip4(asked))).toBe(isIn)
      expect(readUint32(ip4(asked), 0)).toBe(asked)
    }),
  )
})
