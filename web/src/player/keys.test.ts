import { expect, test } from 'vitest'
import { commandFor, keys } from './keys.ts'

const press = (key: string, held: 'ctrlKey' | 'metaKey' | 'altKey' | null = null) => ({
  key,
  ctrlKey: held === 'ctrlKey',
  metaKey: held === 'metaKey',
  altKey: held === 'altKey',
})

test.each([
  [' ', { kind: 'toggle' }],
  ['K', { kind: 'toggle' }],
  ['7', { kind: 'seek-to', share: 0.7 }],
  ['0', { kind: 'seek-to', share: 0 }],
  ['ArrowLeft', { kind: 'seek-by', seconds: -5 }],
  ['l', { kind: 'seek-by', seconds: 10 }],
  ['?', { kind: 'help' }],
  ['x', null],
])('%s gives %o', (key, command) => {
  expect(commandFor(press(key), 'page')).toEqual(command)
})

test('in a text field every key is a letter', () => {
  for (const key of [' ', 'k', '7', '?']) expect(commandFor(press(key), 'text')).toBeNull()
})

test('the space bar presses a button that has the focus; k still pauses', () => {
  expect(commandFor(press(' '), 'button')).toBeNull()
  expect(commandFor(press('k'), 'button')).toEqual({ kind: 'toggle' })
})

test('up and down scroll the page unless the player has the focus', () => {
  expect(commandFor(press('ArrowUp'), 'page')).toBeNull()
  expect(commandFor(press('ArrowUp'), 'player')).toEqual({ kind: 'volume-by', step: 0.05 })
})

test('the keys of the browser and the system stay theirs', () => {
  for (const held of ['ctrlKey', 'metaKey', 'altKey'] as const) {
    expect(commandFor(press('f', held), 'player')).toBeNull()
  }
})

test('no key is given away twice', () => {
  const all = keys.flatMap(key => key.keys)
  expect(new Set(all).size).toBe(all.length)
})
