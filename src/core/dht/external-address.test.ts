import { expect, test } from 'vitest'
import { formatAddress, parseAddress } from '../bytes/index.ts'
import { ExternalAddress, VOTERS_MAX, VOTES_MIN } from './external-address.ts'

const true4 = parseAddress('40.1.2.3:6881')!
const false4 = parseAddress('66.6.6.6:6')!
/** Each in a /24 of its own. */
const voter = (index: number) => parseAddress(`8.${index >> 8}.${index & 255}.1:1`)!

test('fewer voters than the least say nothing', () => {
  const external = new ExternalAddress(false)
  for (let index = 0; index < VOTES_MIN - 1; index++) {
    expect(external.vote(voter(index), true4)).toBe(false)
  }
  expect(external.current).toBeUndefined()
  expect(external.vote(voter(99), true4)).toBe(true)
  expect(external.current).toEqual(true4)
})

test('one neighbourhood has one vote, however many speak from it', () => {
  const external = new ExternalAddress(false)
  for (let host = 1; host < 100; host++) {
    external.vote(parseAddress(`9.9.9.${host}:1`)!, false4)
  }
  expect(external.current).toBeUndefined()
})

test('a minority of liars changes nothing, and a move is followed once most have seen it', () => {
  const external = new ExternalAddress(false)
  for (let index = 0; index < 20; index++) external.vote(voter(index), true4)
  for (let index = 100; index < 104; index++) external.vote(voter(index), false4)
  expect(formatAddress(external.current!)).toBe('40.1.2.3:6881')
  const moved = parseAddress('41.1.2.3:6881')!
  let changes = 0
  for (let index = 200; index < 200 + VOTERS_MAX; index++) {
    if (external.vote(voter(index), moved)) changes++
  }
  expect(changes).toBe(1)
  expect(external.current).toEqual(moved)
})

test('a private address or one of the other family is nobody’s external address', () => {
  const external = new ExternalAddress(false)
  for (let index = 0; index < 10; index++) {
    external.vote(voter(index), parseAddress('192.168.1.2:5')!)
    external.vote(voter(index), parseAddress('[2001:470::1]:5')!)
  }
  expect(external.current).toBeUndefined()
})
