import { expect, test } from 'vitest'
import { readPositionals } from './sources.ts'

const HEX = '0123456789abcdef0123456789ABCDEF01234567'
const read = (...words: string[]) => readPositionals(words, path => path === 'odd-name')

test.each([
  HEX,
  'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U',
  `1220${'ab'.repeat(32)}`,
  'ab'.repeat(32),
  `magnet:?xt=urn:btih:${HEX}&dn=a b`,
  'MAGNET:?xt=urn:btmh:1220',
  'C:\\Users\\me\\My films\\a.torrent',
  './a.TORRENT',
  'odd-name',
])('%s is a source', source => {
  expect(read(source)).toEqual({ sources: [source] })
})

test('several sources and a directory', () => {
  expect(read(HEX, 'a.torrent', 'films')).toEqual({
    sources: [HEX, 'a.torrent'],
    directory: 'films',
  })
})

test('a directory may have the name of an existing file: storing there is what fails later', () => {
  expect(read(HEX, 'odd-name')).toEqual({ sources: [HEX], directory: 'odd-name' })
})

test.each(['findspies', 'findspiesonly', 'mp4', 'webm'])(
  'the old word %s is answered, with and without a directory before it',
  word => {
    expect(() => read(HEX, word)).toThrow(/not there yet: leave out/)
    expect(() => read(HEX, 'films', word)).toThrow(/not there yet: leave out/)
  },
)

test('what is no source says what would be one', () => {
  expect(() => read('nonsense')).toThrow(/"nonsense" is no source: give a magnet link/)
  expect(() => read('0123')).toThrow(/40 hexadecimal digits/)
})

test('a source behind the directory is refused, not silently lost', () => {
  expect(() => read(HEX, 'films', HEX)).toThrow(/sources first, then one directory/)
})

test('an address is not fetched, wherever it stands', () => {
  for (const words of [['http://x/a.torrent'], [HEX, 'https://x/a'], ['udp://x:1']])
    expect(() => read(...words)).toThrow(/addresses are not fetched: download the .torrent file/)
})
