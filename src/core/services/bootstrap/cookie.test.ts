import { expect, test } from 'vitest'
import { ip4, ip6, nodeAt, seededLuck } from '../../../../test/support/bootstrap.ts'
import { COOKIE_SIZE, CookieJar } from './cookie.ts'

const jar = () => new CookieJar(seededLuck(3), 0)

function baked(cookies: CookieJar, nowMs: number, ip: Uint8Array, port: number): Uint8Array {
  const cookie = new Uint8Array(COOKIE_SIZE)
  cookies.bake(nowMs, nodeAt(ip, port), cookie, 0)
  return cookie
}

test.each([ip4(1), ip6(1)])('a cookie is good for the endpoint that it was baked for', ip => {
  const cookies = jar()
  const cookie = baked(cookies, 0, ip, 6881)
  expect(cookies.isGood(1000, nodeAt(ip, 6881), cookie, 0)).toBe(true)
  expect(cookies.isGood(1000, nodeAt(ip, 6882), cookie, 0)).toBe(false)
})

test('a cookie is not good for another address, nor with any bit changed', () => {
  const cookies = jar()
  const cookie = baked(cookies, 0, ip4(1), 6881)
  expect(cookies.isGood(0, nodeAt(ip4(2), 6881), cookie, 0)).toBe(false)
  for (let bit = 0; bit < COOKIE_SIZE * 8; bit++) {
    const forged = cookie.slice()
    forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(cookies.isGood(0, nodeAt(ip4(1), 6881), forged, 0)).toBe(false)
  }
})

test('a cookie outlives one change of the secret and not a second', () => {
  const cookies = jar()
  const cookie = baked(cookies, 0, ip4(1), 6881)
  const node = nodeAt(ip4(1), 6881)
  expect(cookies.isGood(60_000, node, cookie, 0)).toBe(true)
  expect(cookies.isGood(119_999, node, cookie, 0)).toBe(true)
  expect(cookies.isGood(120_000, node, cookie, 0)).toBe(false)
})

test('after a long silence no old cookie is good', () => {
  const cookies = jar()
  const cookie = baked(cookies, 0, ip4(1), 6881)
  expect(cookies.isGood(600_000, nodeAt(ip4(1), 6881), cookie, 0)).toBe(false)
})
