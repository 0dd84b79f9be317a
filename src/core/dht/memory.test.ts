import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddress } from '../bytes/index.ts'
import { encodeMemory, NodeMemory, REMEMBERED_MAX } from './memory.ts'
import type { Contact } from './words.ts'

const contact = (text: string, first: number): Contact => {
  const id = new Uint8Array(20)
  id[0] = first
  return { id, address: parseAddress(text)! }
}
const four = [contact('8.8.8.8:1', 1), contact('9.9.9.9:2', 200)]
const six = [contact('[2001:470::1]:3', 7)]
const saved = encodeMemory({
  ipv4: { contacts: four, size: 12_345.6 },
  ipv6: { contacts: six, size: undefined },
})

test('nodes of both families and the size of the network come back as they were saved', () => {
  const memory = new NodeMemory(saved, false)
  expect(memory.of('ipv4')).toEqual(four)
  expect(memory.of('ipv6')).toEqual(six)
  expect(memory.sizeOf('ipv4')).toBe(12_346)
  expect(memory.sizeOf('ipv6')).toBeUndefined()
})

test('the nearest to a target come first', () => {
  const memory = new NodeMemory(saved, false)
  expect(memory.closest('ipv4', four[1]!.id, 1)).toEqual([four[1]])
})

test('a private node of an earlier session counts only where private ones are allowed', () => {
  const ipv4 = { contacts: [contact('127.0.0.1:1', 1)], size: undefined }
  const bytes = encodeMemory({ ipv4, ipv6: { contacts: [], size: undefined } })
  expect(new NodeMemory(bytes, false).of('ipv4')).toEqual([])
  expect(new NodeMemory(bytes, true).of('ipv4')).toHaveLength(1)
})

test('no more is kept than the limit', () => {
  const contacts = Array.from({ length: REMEMBERED_MAX + 5 }, (_, index) =>
    contact(`8.${index >> 8}.${index & 255}.8:1`, index & 255),
  )
  const ipv4 = { contacts, size: undefined }
  const bytes = encodeMemory({ ipv4, ipv6: { contacts: [], size: undefined } })
  expect(new NodeMemory(bytes, false).of('ipv4')).toHaveLength(REMEMBERED_MAX)
})

test('any bytes are a memory, if an empty one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      new NodeMemory(bytes, false).of('ipv4')
    }),
  )
})
