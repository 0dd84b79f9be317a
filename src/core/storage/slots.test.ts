import { expect, test } from 'vitest'
import { Slots } from './slots.ts'

const NO_TABLE = new Uint8Array(0)

function openSlots(capacity = 8) {
  const slots = new Slots('s', 100, capacity)
  slots.open(NO_TABLE, 50)
  return slots
}

test('before the table on disk is read, no slot is given out', () => {
  const slots = new Slots('s', 100, 8)
  expect(slots.take(3)).toBe(false)
  slots.open(NO_TABLE, 50)
  expect(slots.take(3)).toBe(true)
})

test('a slot whose piece moved on is used again only after the sync', () => {
  const slots = openSlots(1)
  slots.take(3)
  slots.fill(3)
  slots.leave(3)
  expect(slots.take(4)).toBe(false)
  slots.freeLeft(slots.takeLeft())
  expect(slots.take(4)).toBe(true)
})

test('the lowest free slot is taken, so that the file stays short', () => {
  const slots = openSlots()
  for (const piece of [10, 11, 12]) slots.take(piece)
  slots.drop(11)
  slots.take(13)
  expect(slots.position(13)).toBe(slots.tableBytes + 100)
})

test('what the table names is kept from others until it is adopted or dismissed', () => {
  const before = openSlots(3)
  before.take(7)
  const table = new Uint8Array(before.tableBytes)
  const { position, bytes } = before.entry(7)
  table.set(bytes, position)
  const slots = new Slots('s', 100, 3)
  const [entry] = slots.open(table, 50)
  expect(entry).toMatchObject({ slot: 0, piece: 7 })
  slots.take(8)
  expect(slots.position(8)).toBe(slots.tableBytes + 100)
  slots.adopt(entry!)
  expect(slots.has(7)).toBe(true)
})

test('a table of garbage names no piece that the torrent has not', () => {
  const garbage = new Uint8Array(4096).fill(0xfe)
  expect(new Slots('s', 100, 8).open(garbage, 50)).toEqual([])
})
