import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { parseIp } from '../bytes/index.ts'
import { SECRET_LIFE_MS, Tokens } from './token.ts'

const sha1 = (bytes: Uint8Array) => new Uint8Array(createHash('sha1').update(bytes).digest())
const alice = parseIp('8.8.8.8')!
const bob = parseIp('9.9.9.9')!

test('a token is good for its IP alone', () => {
  const tokens = new Tokens(new SeededLuck(1), sha1)
  const token = tokens.issue(0, alice)
  expect(tokens.accepts(1, alice, token)).toBe(true)
  expect(tokens.accepts(1, bob, token)).toBe(false)
  expect(tokens.accepts(1, alice, new Uint8Array(8))).toBe(false)
})

test('a token outlives one change of the secret and not two', () => {
  const tokens = new Tokens(new SeededLuck(1), sha1)
  const token = tokens.issue(0, alice)
  expect(tokens.accepts(SECRET_LIFE_MS, alice, token)).toBe(true)
  expect(tokens.accepts(2 * SECRET_LIFE_MS, alice, token)).toBe(false)
})

test('after a long silence no old token is good', () => {
  const tokens = new Tokens(new SeededLuck(1), sha1)
  const token = tokens.issue(0, alice)
  expect(tokens.accepts(3 * SECRET_LIFE_MS, alice, token)).toBe(false)
})
