import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type MemoryClient, MemoryTorrent } from '../../test/support/memory-client.ts'
import {
  detailOf,
  FILM,
  FILM_BYTES,
  INFOHASH,
  type Question,
  ServerHarness,
} from '../../test/support/server-harness.ts'
import { STREAMS_MAX } from './stream.ts'

let harness: ServerHarness
let torrent: MemoryTorrent
let client: MemoryClient
const ask = (path: string, question?: Question) => harness.ask(path, question)

beforeEach(async () => {
  harness = await ServerHarness.open()
  torrent = harness.torrent
  client = harness.client
})
afterEach(() => harness.close())

test('a whole file comes with its type, size, tag and the offer of ranges', async () => {
  const { status, headers, body } = await ask(FILM)
  expect(status).toBe(200)
  expect(headers).toMatchObject({
    'content-type': 'video/mp4',
    'content-length': '1000000',
    'accept-ranges': 'bytes',
    etag: `"${INFOHASH}-0"`,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(headers['contentfeatures.dlna.org']).toBeUndefined()
  expect(body.equals(FILM_BYTES)).toBe(true)
})

test.each([
  ['bytes=100-199', 100, 200],
  ['bytes=999990-', 999990, 1000000],
  ['bytes=-10', 999990, 1000000],
  ['bytes=70000-300000', 70000, 300001],
])('%s answers 206 with those bytes', async (range, begin, end) => {
  const { status, headers, body } = await ask(FILM, { headers: { range } })
  expect(status).toBe(206)
  expect(headers['content-range']).toBe(`bytes ${begin}-${end - 1}/1000000`)
  expect(headers['content-length']).toBe(String(end - begin))
  expect(body.equals(FILM_BYTES.subarray(begin, end))).toBe(true)
})

test('a range behind the end answers 416 with the size', async () => {
  const answer = await ask(FILM, { headers: { range: 'bytes=1000000-' } })
  expect(answer.status).toBe(416)
  expect(answer.headers['content-range']).toBe('bytes */1000000')
  expect(detailOf(answer)).toMatch(/1000000/)
})

test('HEAD answers what GET would, reads nothing and names no viewer', async () => {
  const { status, headers, body } = await ask(FILM, {
    method: 'HEAD',
    headers: { range: 'bytes=0-9' },
  })
  expect([status, headers['content-length'], body.length]).toEqual([206, '10', 0])
  expect(torrent.reads).toEqual([])
})

test('If-Range with the tag keeps the range, with anything else it does not', async () => {
  const range = 'bytes=0-9'
  const tag = `"${INFOHASH}-0"`
  expect((await ask(FILM, { headers: { range, 'if-range': tag } })).status).toBe(206)
  for (const other of ['"other"', `W/${tag}`, 'Fri, 20 Nov 2026 00:00:00 GMT'])
    expect((await ask(FILM, { headers: { range, 'if-range': other } })).status).toBe(200)
})

test('If-None-Match with the tag answers 304 without a body', async () => {
  const answer = await ask(FILM, { headers: { 'if-none-match': `"x", "${INFOHASH}-0"` } })
  expect([answer.status, answer.body.length]).toEqual([304, 0])
})

test('an empty file is served empty', async () => {
  const answer = await ask(`/stream/${INFOHASH}/3/empty.mkv`)
  expect([answer.status, answer.headers['content-length']]).toEqual([200, '0'])
})

test('DLNA headers come only when asked for, and a wrong mode is refused', async () => {
  const asked = { 'getcontentFeatures.dlna.org': '1', 'transferMode.dlna.org': 'Streaming' }
  const { headers } = await ask(FILM, { method: 'HEAD', headers: asked })
  expect(headers['contentfeatures.dlna.org']).toMatch(/^DLNA\.ORG_OP=01;DLNA\.ORG_CI=0;/)
  expect(headers['transfermode.dlna.org']).toBe('Streaming')
  const wrong = await ask(FILM, { headers: { 'transferMode.dlna.org': 'Interactive' } })
  expect(wrong.status).toBe(406)
})

test('a page inside a torrent is served as text that no browser runs', async () => {
  const { headers } = await ask(`/stream/${INFOHASH}/2/evil.html`)
  expect(headers['content-type']).toBe('text/plain')
  expect(headers['content-security-policy']).toMatch(/^sandbox/)
})

test.each([
  [`/stream/${'b'.repeat(40)}/0/x`, 404],
  [`/stream/${INFOHASH}/9/x`, 404],
  [`/stream/${INFOHASH}/-1/x`, 404],
  [`/stream/${INFOHASH}/x/x`, 404],
  ['/stream/', 404],
])('GET %s answers %i with one sentence', async (path, status) => {
  const answer = await ask(path)
  expect(answer.status).toBe(status)
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(detailOf(answer)).toMatch(/^[A-Z].*\.$/)
})

test('writing to a stream answers 405', async () => {
  const answer = await ask(FILM, { method: 'PUT', body: 'x' })
  expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD'])
})

test('closing the connection ends the read', async () => {
  torrent.isHeld = true
  const socket = connect(harness.port, '127.0.0.1')
  socket.write(`GET ${FILM} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  await new Promise(resolve => socket.once('data', resolve))
  await expect.poll(() => torrent.reads.length).toBe(1)
  socket.destroy()
  await expect.poll(() => torrent.reads[0]?.isOpen).toBe(false)
  expect(torrent.reads[0]?.signal.aborted).toBe(true)
})

test('a player that does not read stops the reader within a few chunks', async () => {
  const big = new MemoryTorrent({
    infohash: 'b'.repeat(40),
    files: [{ path: 'big.mp4', bytes: new Uint8Array(64 * 1024 * 1024) }],
  })
  client.torrents.push(big)
  const socket = connect(harness.port, '127.0.0.1')
  socket.pause()
  socket.write(`GET /stream/${big.infohash}/0/big.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  await expect.poll(() => big.reads[0]?.chunksTaken).toBeGreaterThan(0)
  let before = -1
  await expect
    .poll(() => {
      const isStill = before === big.reads[0]!.chunksTaken
      before = big.reads[0]!.chunksTaken
      return isStill
    })
    .toBe(true)
  // What the kernel's socket buffers hold is not ours to bound; 1,024 chunks would be the whole file.
  expect(before).toBeLessThan(512)
  socket.destroy()
})

test('connections of one player share a viewer, another file or player does not', async () => {
  const asPlayer = (agent: string, path: string) => ask(path, { headers: { 'user-agent': agent } })
  await asPlayer('mpv', FILM)
  await asPlayer('mpv', FILM)
  await asPlayer('vlc', FILM)
  await asPlayer('mpv', `/stream/${INFOHASH}/1/film.en.srt`)
  const [first, second, third, fourth] = torrent.reads.map(read => read.viewer)
  expect(second).toBe(first)
  expect(new Set([first, third, fourth]).size).toBe(3)
})

test('a page names its viewer, and a malformed name is not taken', async () => {
  await ask(`${FILM}?viewer=page-1234`)
  await ask(`${FILM}?viewer=${encodeURIComponent('a b c d e f')}`)
  expect(torrent.reads[0]?.viewer).toBe('named:page-1234')
  expect(torrent.reads[1]?.viewer).toMatch(/^127\.0\.0\.1\|/)
})

test('a player waits for the file list', async () => {
  let known = () => {}
  const metadata = new Promise<void>(resolve => {
    known = resolve
  })
  const waiting = new MemoryTorrent({
    infohash: 'c'.repeat(40),
    files: [{ path: 'a.mp4', bytes: FILM_BYTES }],
    metadata,
  })
  client.torrents.push(waiting)
  const answer = ask(`/stream/${waiting.infohash}/0/a.mp4`)
  await new Promise(resolve => setImmediate(resolve))
  known()
  expect((await answer).body.length).toBe(1_000_000)
})

test('a torrent that fails before its file list is known answers 410', async () => {
  const metadata = Promise.reject(new Error('removed'))
  metadata.catch(() => {})
  const failed = new MemoryTorrent({
    infohash: 'd'.repeat(40),
    files: [],
    metadata,
  })
  client.torrents.push(failed)
  expect((await ask(`/stream/${failed.infohash}/0/a.mp4`)).status).toBe(410)
})

test(`over ${STREAMS_MAX} streams at once answer 503`, async () => {
  torrent.isHeld = true
  const port = harness.port
  const sockets = Array.from({ length: STREAMS_MAX }, () => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${FILM} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    return socket
  })
  await expect.poll(() => torrent.reads.length).toBe(STREAMS_MAX)
  const answer = await ask(FILM)
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
  for (const socket of sockets) socket.destroy()
  await expect.poll(() => torrent.reads.some(read => read.isOpen)).toBe(false)
  torrent.release()
  expect((await ask(FILM)).status).toBe(200)
})
