import { expect, test } from 'vitest'
import {
  readBytes,
  readCount,
  readHostPort,
  readPort,
  readShare,
  readYesNo,
  UsageError,
} from './values.ts'

test.each([
  ['0', 0],
  ['500', 500],
  ['500k', 500_000],
  ['2.5M', 2_500_000],
  ['2MB/s', 2_000_000],
  ['1GiB', 1_073_741_824],
  ['1 KiB', 1024],
  ['unlimited', Number.POSITIVE_INFINITY],
])('%s is %f bytes', (text, bytes) => {
  expect(readBytes(text)).toBe(bytes)
})

test.each(['', '-1', '1e9', '5 apples', 'M', '1.5.5k', 'NaN'])('"%s" is no size', text => {
  expect(() => readBytes(text)).toThrow(UsageError)
})

test.each(['1.2.3.4:6881', '[::1]:1', 'router.example:65535', 'localhost:80'])(
  '%s is an address',
  text => {
    expect(readHostPort(text)).toBe(text)
  },
)

test.each(['1.2.3.4', 'a:0', 'a:65536', '::1:80', 'a b:80', 'http://a:80', ':80'])(
  '%s is no address',
  text => {
    expect(() => readHostPort(text)).toThrow(UsageError)
  },
)

test('shares are told apart, and a wrong one says how to write it', () => {
  expect(readShare('')).toEqual({ kind: 'full', ratio: Number.POSITIVE_INFINITY })
  expect(readShare('metadata')).toEqual({ kind: 'metadata' })
  expect(readShare('ratio:1.5')).toEqual({ kind: 'full', ratio: 1.5 })
  expect(() => readShare('ratio:x')).toThrow(/--share=ratio:1\.0/)
})

test('counts, ports and switches have their limits', () => {
  expect([readCount('20', 500), readPort('0'), readPort('65535')]).toEqual([20, 0, 65535])
  for (const text of ['0', '501', '-1', '2.5', '']) expect(() => readCount(text, 500)).toThrow()
  for (const text of ['65536', '-1', 'http', '']) expect(() => readPort(text)).toThrow()
  expect([readYesNo('1'), readYesNo('off'), readYesNo('')]).toEqual([true, false, false])
  expect(() => readYesNo('maybe')).toThrow(/neither yes nor no/)
})
