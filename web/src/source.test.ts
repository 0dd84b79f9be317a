import { expect, test } from 'vitest'
import { isSource, toBase64, torrentFileSource } from './source.ts'

const hex = '0123456789abcdef0123456789ABCDEF01234567'

test.each([
  hex,
  `  ${hex}\n`,
  'a'.repeat(64),
  `1220${'b'.repeat(64)}`,
  'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U',
  `magnet:?xt=urn:btih:${hex}&dn=x`,
  `magnet:?dn=x&xt.1=urn:btmh:1220${'c'.repeat(64)}`,
])('%s is a source', text => {
  expect(isSource(text)).toBe(true)
})

test.each(['', 'hello', hex.slice(1), 'magnet:?dn=only-a-name', 'https://example.org/a.torrent'])(
  '%s is none',
  text => {
    expect(isSource(text)).toBe(false)
  },
)

test('a dropped file of any size comes out byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 70_001 }, (_, index) => (index * 31) & 255)
  expect(Uint8Array.from(Buffer.from(toBase64(bytes), 'base64'))).toEqual(bytes)
  expect(await torrentFileSource(new Blob([bytes]))).toMatch(
    /^data:application\/x-bittorrent;base64,/,
  )
})
