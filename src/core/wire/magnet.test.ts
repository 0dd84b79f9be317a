import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../bytes/index.ts'
import {
  FILES_MAX,
  formatMagnet,
  MAGNET_LIMIT_CHARACTERS,
  MAGNET_LIST_MAX,
  MAGNET_NAME_LIMIT,
  type Magnet,
  parseMagnet,
} from './index.ts'

const V1 = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const V1_BASE32 = 'YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK'
const V2 = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e'

function parse(text: string): Magnet {
  const parsed = parseMagnet(text)
  if ('problem' in parsed) throw new Error(parsed.message)
  return parsed
}

const problem = (text: string) => {
  const parsed = parseMagnet(text)
  return 'problem' in parsed ? parsed.problem : 'none'
}

describe('infohashes', () => {
  test.each([
    V1,
    V1.toUpperCase(),
    `  ${V1}\n`,
    V1_BASE32,
    V1_BASE32.toLowerCase(),
    `urn:btih:${V1}`,
    `magnet:?xt=urn:btih:${V1}`,
    `MAGNET:?XT=URN:BTIH:${V1_BASE32}`,
    `magnet:?dn=x&xt.1=urn:btih:${V1}`,
    `magnet://?xt=urn%3Abtih%3A${V1}`,
    `magnet:?xt=urn:ed2k:abc&xt=urn:btih:${V1}`,
    `magnet:?xt=urn:btmh:12ff&xt=urn:btih:${V1}`,
  ])('%s is one of v1', text => {
    const { infohash1, infohash2, infohash } = parse(text)
    expect(toHex(infohash1 ?? infohash)).toBe(V1)
    expect(toHex(infohash)).toBe(V1)
    expect(infohash2).toBeUndefined()
  })

  test.each([V2, `1220${V2}`, `magnet:?xt=urn:btmh:1220${V2}`])('%s is one of v2', text => {
    const { infohash1, infohash2, infohash } = parse(text)
    expect(infohash1).toBeUndefined()
    expect(toHex(infohash2 ?? infohash)).toBe(V2)
    expect(toHex(infohash)).toBe(V2.slice(0, 40))
  })

  test('a hybrid has both, and is known by its v1 infohash', () => {
    const both = parse(`magnet:?xt=urn:btmh:1220${V2}&xt=urn:btih:${V1}`)
    expect(toHex(both.infohash2 ?? both.infohash)).toBe(V2)
    expect(toHex(both.infohash)).toBe(V1)
  })
})

describe('problems', () => {
  test.each([
    ['', 'not-a-source'],
    ['hello', 'not-a-source'],
    [V1.slice(1), 'not-a-source'],
    [`${V1_BASE32.slice(0, 31)}1`, 'not-a-source'],
    [`1120${V2}`, 'not-a-source'],
    ['http://example.com/a.torrent', 'not-a-source'],
    ['magnet:?dn=x', 'no-infohash'],
    ['magnet:?xt=urn:sha1:YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK', 'no-infohash'],
    [`magnet:?xt=urn:btih:${V1}0`, 'infohash-malformed'],
    ['magnet:?xt=urn:btmh:1220', 'infohash-malformed'],
    ['x'.repeat(MAGNET_LIMIT_CHARACTERS + 1), 'too-long'],
  ])('%.60s is %s', (text, name) => {
    expect(problem(text)).toBe(name)
  })
})

describe('parameters', () => {
  const link = (rest: string) => parse(`magnet:?xt=urn:btih:${V1}${rest}`)

  test('names, trackers, seeds and sources are unescaped and kept in order', () => {
    expect(
      link(
        '&dn=Big+Buck%20Bunny%21&tr=udp%3A%2F%2Fa%3A1&tr.1=udp://b&ws=http://c&xs=http://d&as=http://e&kt=x',
      ),
    ).toMatchObject({
      name: 'Big Buck Bunny!',
      trackers: ['udp://a:1', 'udp://b'],
      webSeeds: ['http://c'],
      exactSources: ['http://d', 'http://e'],
    })
  })

  test('broken escapes stay as they are, and empty parameters are none', () => {
    expect(link('&dn=100%&tr=&ws')).toMatchObject({ name: '100%', trackers: [], webSeeds: [] })
  })

  test('peers are hosts or IPs with a port; anything else is ignored', () => {
    const peers = link(
      '&x.pe=1.2.3.4:5&x.pe=[2001:db8::1]:6&x.pe=example.org:65535&x.pe=a:0&x.pe=b:65536&x.pe=c&x.pe=::1:7',
    ).peers
    expect(peers).toEqual([
      { host: '1.2.3.4', port: 5 },
      { host: '2001:db8::1', port: 6 },
      { host: 'example.org', port: 65_535 },
    ])
  })

  test('so= is sorted, each index once; what cannot be read is ignored', () => {
    expect(link('&so=0,2,4,6-8').select).toEqual([0, 2, 4, 6, 7, 8])
    expect(link('&so=8,3-5,4-6,3,x,7-,-2,9-8').select).toEqual([3, 4, 5, 6, 8])
    expect(link('&so=1&so=0').select).toEqual([0, 1])
    expect(link('&so=x').select).toBeUndefined()
    expect(link('').select).toBeUndefined()
  })

  test('a range goes no further than a torrent can, however often it is given', () => {
    const ranges = Array.from({ length: 4000 }, () => '0-999999999').join(',')
    expect(link(`&so=${ranges}`).select).toHaveLength(FILES_MAX)
  })

  test('lists and the name are bounded', () => {
    const many = '&tr=udp://x'.repeat(MAGNET_LIST_MAX + 1)
    expect(link(many).trackers).toHaveLength(MAGNET_LIST_MAX)
    expect(link(`&dn=${'n'.repeat(MAGNET_NAME_LIMIT + 1)}`).name).toHaveLength(MAGNET_NAME_LIMIT)
  })
})

test('reading a link that was made of a magnet gives the same magnet', () => {
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
  const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' })

  const list = fc.array(text, { maxLength: 3 })
  const given = fc.record({
    infohash1: maybe(bytes(20)),
    infohash2: bytes(32),
    name: maybe(text),
    peers: fc.array(
      fc.record({
        host: fc.constantFrom('1.2.3.4', '2001:db8::1', 'example.org'),
        port: fc.integer({ min: 1, max: 65_535 }),
      }),
      { maxLength: 3 },
    ),
    select: maybe(
      fc
        .uniqueArray(fc.nat({ max: 300 }), { minLength: 1 })
        .map(indexes => indexes.toSorted((a, b) => a - b)),
    ),
    trackers: list,
    webSeeds: list,
    exactSources: list,
  })
  fc.assert(
    fc.property(given, fields => {
      const infohash = fields.infohash1 ?? fields.infohash2.slice(0, 20)
      const magnet: Magnet = { ...fields, infohash }
      expect(parseMagnet(formatMagnet(magnet))).toEqual(magnet)
    }),
  )
})
