import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toHex } from '../core/bytes/index.ts'
import { layoutOf } from '../core/storage/index.ts'
import type { Digests } from '../core/world/index.ts'
import { chooseFiles } from './globs.ts'
import { isPrivateHost, readSource, resolvePeers } from './source.ts'

const digests: Digests = {
  sha1: bytes => new Uint8Array(createHash('sha1').update(bytes).digest()),
  sha256: bytes => new Uint8Array(createHash('sha256').update(bytes).digest()),
}

const HEX = '0123456789abcdef0123456789abcdef01234567'
const INFO = `d6:lengthi5e4:name5:a.txt12:piece lengthi16384e6:pieces20:${'x'.repeat(20)}e`

test('a magnet gives its infohash, name, choice and peers, and resolves no name of theirs', async () => {
  const link = `magnet:?xt=urn:btih:${HEX}&dn=A&so=1&x.pe=192.0.2.1:5&x.pe=tracker.invalid:6`
  const source = await readSource(link, digests)
  expect(toHex(source.infohash)).toBe(HEX)
  expect(source).toMatchObject({ name: 'A', select: [1] })
  expect(source.peers).toEqual([{ ip: Uint8Array.of(192, 0, 2, 1), port: 5 }])
})

test('a .torrent is read from its path or from its bytes, to the same infohash', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'source-'))
  const bytes = new TextEncoder().encode(`d4:info${INFO}e`)
  writeFileSync(join(folder, 'a.torrent'), bytes)
  const fromPath = await readSource(join(folder, 'a.torrent'), digests)
  const fromBytes = await readSource(bytes, digests)
  rmSync(folder, { recursive: true })
  const expected = createHash('sha1').update(INFO).digest('hex')
  expect([fromPath, fromBytes].map(source => toHex(source.infohash))).toEqual([expected, expected])
})

test.each([
  ['what is neither link nor file', '/no/such/file', 'there is no such file'],
  ['a magnet without an infohash', 'magnet:?dn=x', 'Give a magnet link'],
  ['a folder', tmpdir(), 'it is a directory'],
])('%s is refused with a sentence that says what would do', async (_what, source, words) => {
  await expect(readSource(source, digests)).rejects.toMatchObject({
    name: 'BadSource',
    message: expect.stringContaining(words),
  })
})

test('bytes that are no .torrent are refused', async () => {
  const bytes = new TextEncoder().encode('<html>')
  await expect(readSource(bytes, digests)).rejects.toMatchObject({ name: 'BadSource' })
})

test('peers are addresses, or names that the user gave', async () => {
  expect(await resolvePeers(['127.0.0.1:80', '[::1]:81'])).toMatchObject([
    { port: 80 },
    { port: 81 },
  ])
  await expect(resolvePeers(['no port'])).rejects.toMatchObject({ name: 'BadSource' })
})

test('a host is private where only this machine or its neighbours can reach it', () => {
  const hosts = ['127.0.0.1', '192.168.1.1', '::1', '192.0.2.1', 'router.example']
  expect(hosts.map(isPrivateHost)).toEqual([true, true, true, false, false])
})

test('files are chosen by number, by name and by folder, in any case', () => {
  const file = (...path: string[]) => ({ path, size: 1, offset: 0, isPadding: false })
  const files = [
    file('s1', 'a.mkv'),
    file('s1', 'a.srt'),
    file('s2', 'B.MKV'),
    file('note [1].txt'),
  ]
  const layout = layoutOf({ name: 'n', isSingleFile: false, pieceSize: 16_384, files })
  expect(chooseFiles(layout, [3, 99])).toEqual([3])
  expect(chooseFiles(layout, ['*.mkv'])).toEqual([0, 2])
  expect(chooseFiles(layout, ['n/s1/*'])).toEqual([0, 1])
  expect(chooseFiles(layout, ['**/s2/**', 'a.sr?'])).toEqual([1, 2])
  expect(chooseFiles(layout, ['note [1].txt'])).toEqual([3])
})
