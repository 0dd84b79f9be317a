import { expect, test } from 'vitest'
import { toLatin1 } from '../../../test/support/wire.ts'
import { toHex } from '../bytes/index.ts'
import { ByteWriter } from './index.ts'

test('what is appended comes out in order, exactly, and only once', () => {
  const writer = new ByteWriter()
  writer.byte(0x1ff)
  writer.uint16(0x12345)
  writer.uint32(0xfedcba98)
  writer.latin1('é7')
  writer.decimal(0)
  writer.decimal(120)
  writer.bytes(Uint8Array.of(1, 2))
  expect(writer.size).toBe(15)
  const taken = writer.take()
  expect(toHex(taken.subarray(0, 7))).toBe('ff2345fedcba98')
  expect(toLatin1(taken.subarray(7))).toBe('é70120\x01\x02')
  expect(writer.take()).toHaveLength(0)
})

test('it grows as far as needed, and forgets a message that failed halfway', () => {
  const writer = new ByteWriter()
  const large = new Uint8Array(300_000).fill(7)
  writer.byte(1)
  writer.bytes(large)
  const taken = writer.take()
  expect([taken.length, taken[0], taken.subarray(1).every(byte => byte === 7)]).toEqual([
    300_001,
    1,
    true,
  ])
  expect(() => writer.latin1('aΩ')).toThrow('no byte')
  writer.clear()
  writer.latin1('b')
  expect(toLatin1(writer.take())).toBe('b')
})
