import { expect, test } from 'vitest'
import { formatRoute, parseRoute } from './route.ts'

const INFOHASH = 'c9e15763f722f23e98a29decdfae341b98d53056'

test.each([
  { infohash: null, file: null },
  { infohash: INFOHASH, file: null },
  { infohash: INFOHASH, file: 0 },
  { infohash: INFOHASH + INFOHASH.slice(0, 24), file: 9999 },
])('%o comes back from the address bar as it went', route => {
  expect(parseRoute(formatRoute(route))).toEqual(route)
})

test.each(['', '#', '#/x', `#/${INFOHASH.toUpperCase()}`, `#/${INFOHASH}/-1`, `#/${INFOHASH}/a`])(
  '%s is the start page',
  hash => {
    expect(parseRoute(hash)).toEqual({ infohash: null, file: null })
  },
)
