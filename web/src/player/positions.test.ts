import { expect, test } from 'vitest'
import type { Memory } from '../storage.ts'
import { loadPosition, positionKey, savePosition } from './positions.ts'

const memory = (): Memory => {
  const items = new Map<string, string>()
  return {
    getItem: key => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: key => void items.delete(key),
  }
}

const key = positionKey('a'.repeat(40), 3)

test('a film left in its middle goes on there', () => {
  const storage = memory()
  savePosition(storage, key, { seconds: 754.8, duration: 5400 })
  expect(loadPosition(storage, key)).toBe(754)
  expect(loadPosition(storage, positionKey('a'.repeat(40), 4))).toBe(0)
})

test.each([4, 5390])('left at second %d of 5400, it begins anew', seconds => {
  const storage = memory()
  savePosition(storage, key, { seconds: 700, duration: 5400 })
  savePosition(storage, key, { seconds, duration: 5400 })
  expect(loadPosition(storage, key)).toBe(0)
})

test('the 501st film pushes out the one that was touched longest ago', () => {
  const storage = memory()
  for (let film = 0; film < 500; film += 1) {
    savePosition(storage, positionKey('b', film), { seconds: 100, duration: 5400 })
  }
  savePosition(storage, positionKey('b', 0), { seconds: 200, duration: 5400 })
  savePosition(storage, positionKey('b', 500), { seconds: 300, duration: 5400 })
  expect(loadPosition(storage, positionKey('b', 0))).toBe(200)
  expect(loadPosition(storage, positionKey('b', 1))).toBe(0)
  expect(loadPosition(storage, positionKey('b', 500))).toBe(300)
})

test('what someone else has written there is no position', () => {
  const storage = memory()
  storage.setItem('positions', '{"x": 1}')
  expect(loadPosition(storage, key)).toBe(0)
  storage.setItem('positions', 'nonsense')
  savePosition(storage, key, { seconds: 100, duration: 5400 })
  expect(loadPosition(storage, key)).toBe(100)
})
