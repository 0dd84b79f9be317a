import { expect, test } from 'vitest'
import { parseRange } from './range.ts'

const part = (begin: number, end: number) => ({ kind: 'part', begin, end })

test.each([
  ['bytes=0-0', 10, part(0, 1)],
  ['bytes=2-5', 10, part(2, 6)],
  ['bytes=2-', 10, part(2, 10)],
  ['bytes=9-', 10, part(9, 10)],
  ['bytes=2-99', 10, part(2, 10)],
  ['bytes=-3', 10, part(7, 10)],
  ['bytes=-99', 10, part(0, 10)],
  ['BYTES=0-1', 10, part(0, 2)],
  ['bytes=8589934592-8589934593', 8589934600, part(8589934592, 8589934594)],
])('%s of %i bytes is a part', (header, size, answer) => {
  expect(parseRange(header, size)).toEqual(answer)
})

test.each([
  ['bytes=10-', 10],
  ['bytes=10-11', 10],
  ['bytes=-0', 10],
  ['bytes=0-', 0],
])('%s of %i bytes cannot be satisfied', (header, size) => {
  expect(parseRange(header, size)).toEqual({ kind: 'unsatisfiable' })
})

test.each([
  undefined,
  '',
  'bytes=',
  'bytes=-',
  'bytes=5-2',
  'bytes=0-1,4-5',
  'bytes=a-b',
  'items=0-1',
  'bytes=1e3-',
  `bytes=${'9'.repeat(40)}-`,
])('%s is ignored: the whole file is sent', header => {
  expect(parseRange(header, 10)).toEqual({ kind: 'whole' })
})

test('a suffix of an empty file is the whole of it', () => {
  expect(parseRange('bytes=-5', 0)).toEqual({ kind: 'whole' })
})
