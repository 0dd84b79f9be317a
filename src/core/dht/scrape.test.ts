import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseIp, toHex } from '../bytes/index.ts'
import { addToFilter, filterEstimate, mergeFilter } from './scrape.ts'

const sha1 = (bytes: Uint8Array) => new Uint8Array(createHash('sha1').update(bytes).digest())

/** The example of BEP 33: 192.0.2.0–255 and 2001:db8::0–3e7. */
function example(): Uint8Array {
  const filter = new Uint8Array(256)
  for (let host = 0; host < 256; host++) addToFilter(filter, Uint8Array.of(192, 0, 2, host), sha1)
  for (let host = 0; host < 1000; host++) {
    addToFilter(filter, parseIp(`2001:db8::${host.toString(16)}`)!, sha1)
  }
  return filter
}

test('the filter of BEP 33’s example is the one printed there, and so is its estimate', () => {
  const filter = example()
  expect(toHex(filter.subarray(0, 16))).toBe('f6c3f5eaa07ffd91bde89f777f26fb2b')
  expect(filterEstimate(filter)).toBeCloseTo(1224.9308, 3)
})

test('an empty filter counts nobody, and merging counts nobody twice', () => {
  expect(filterEstimate(new Uint8Array(256))).toBe(-0)
  const filter = example()
  mergeFilter(filter, example())
  expect(filter).toEqual(example())
})
