import { expect, test } from 'vitest'
import { type Memory, memoryOf } from './storage.ts'

const storeOf = (items: Map<string, string>, isFull = false): Memory => ({
  getItem: key => items.get(key) ?? null,
  setItem: (key, value) => {
    if (isFull) throw new DOMException('full', 'QuotaExceededError')
    items.set(key, value)
  },
  removeItem: key => void items.delete(key),
})

test('what the browser stores is kept there', () => {
  const items = new Map<string, string>()
  const memory = memoryOf(() => storeOf(items))
  memory.setItem('a', '1')
  expect(items.get('a')).toBe('1')
  expect(memory.getItem('a')).toBe('1')
  memory.removeItem('a')
  expect(memory.getItem('a')).toBeNull()
})

test('a browser that forbids storing, or is full, only forgets at the next load', () => {
  const forbidden = (): Memory => {
    throw new DOMException('denied', 'SecurityError')
  }
  const full = new Map([['a', 'old']])
  for (const open of [forbidden, () => storeOf(full, true)]) {
    const memory = memoryOf(open)
    memory.setItem('a', '1')
    expect(memory.getItem('a')).toBe('1')
    memory.removeItem('a')
  }
  expect(memoryOf(forbidden).getItem('a')).toBeNull()
})
