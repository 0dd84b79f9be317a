import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MemoryClient, MemoryTorrent } from '../../test/support/memory-client.ts'
import {
  detailOf,
  FILM,
  INFOHASH,
  type Question,
  ServerHarness,
} from '../../test/support/server-harness.ts'
import { BODY_MAX_BYTES } from './app.ts'
import { EVENT_CLIENTS_MAX } from './events.ts'

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

const json = { 'content-type': 'application/json' }

test('the playlist lists what can be played, one line each', async () => {
  torrent.change({
    files: [
      { ...torrent.view().files[0]!, path: 'a\n#EXTINF:0,\nhttp://evil/' },
      torrent.view().files[1]!,
    ],
  })
  const { headers, body } = await ask(`/playlist/${INFOHASH}.m3u8`)
  expect(headers['content-type']).toBe('audio/x-mpegurl')
  expect(body.toString().split('\n')).toEqual([
    '#EXTM3U',
    '#EXTINF:-1,a #EXTINF:0, http://evil/',
    `${new URL(harness.server.url).origin}${FILM}`,
    '',
  ])
})

test('a playlist of nothing playable answers 404', async () => {
  torrent.change({ files: [] })
  expect((await ask(`/playlist/${INFOHASH}.m3u8`)).status).toBe(404)
})

test('subtitles come as WebVTT; a video does not', async () => {
  const { status, headers, body } = await ask(`/subtitles/${INFOHASH}/1.vtt`)
  expect([status, headers['content-type']]).toEqual([200, 'text/vtt; charset=utf-8'])
  expect(body.toString()).toBe('WEBVTT\n\n1\n00:00:01.500 --> 00:00:02.000\nOne, two\n')
  expect((await ask(`/subtitles/${INFOHASH}/0.vtt`)).status).toBe(404)
})

test('torrents are listed, shown and told by pieces', async () => {
  const list = await ask('/api/torrents')
  expect(list.headers['cache-control']).toBe('no-store')
  expect(JSON.parse(list.body.toString())).toEqual([torrent.view()])
  const one = await ask(`/api/torrents/${INFOHASH.toUpperCase()}`)
  expect(JSON.parse(one.body.toString())).toEqual(torrent.view())
  const pieces = await ask(`/api/torrents/${INFOHASH}/pieces`)
  expect(JSON.parse(pieces.body.toString())).toEqual(torrent.pieces())
  expect((await ask(`/api/torrents/${'b'.repeat(40)}`)).status).toBe(404)
})

const post = (path: string, body: unknown, headers: Record<string, string> = json) =>
  ask(path, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

test('a magnet link, an infohash or the bytes of a torrent file can be added', async () => {
  const bytes = Buffer.from('d4:infode')
  const data = `data:application/x-bittorrent;base64,${bytes.toString('base64')}`
  for (const source of [`magnet:?xt=urn:btih:${INFOHASH}`, INFOHASH, data])
    expect((await post('/api/torrents', { source })).status).toBe(201)
  expect(client.added.slice(0, 2)).toEqual([`magnet:?xt=urn:btih:${INFOHASH}`, INFOHASH])
  expect(Buffer.from(client.added[2] as Uint8Array).equals(bytes)).toBe(true)
})

test.each([
  ['a path', { source: '/etc/passwd' }],
  ['a relative path', { source: '../a.torrent' }],
  ['an address', { source: 'http://evil.example/a.torrent' }],
  ['nothing', {}],
  ['a number', { source: 7 }],
  ['more than asked', { source: INFOHASH, path: '/' }],
  ['no JSON', '{'],
])('adding %s answers 400', async (_, body) => {
  const answer = await post('/api/torrents', body)
  expect(answer.status).toBe(400)
  expect(detailOf(answer)).toMatch(/^[A-Z].*\.$/)
  expect(client.added).toEqual([])
})

test('what the client cannot read answers 400 with the reason of the client', async () => {
  client.torrents.length = 0
  const answer = await post('/api/torrents', { source: INFOHASH })
  expect([answer.status, detailOf(answer)]).toEqual([400, 'Give a magnet link.'])
})

test('a body as a form sends it answers 415, a huge one 413', async () => {
  const form = await post('/api/torrents', 'source=x', { 'content-type': 'text/plain' })
  expect(form.status).toBe(415)
  const huge = await post('/api/torrents', { source: 'x'.repeat(BODY_MAX_BYTES) })
  expect(huge.status).toBe(413)
})

test('files are selected by index, and only those that there are', async () => {
  expect((await post(`/api/torrents/${INFOHASH}/select`, { files: [0, 2] })).status).toBe(200)
  expect((await post(`/api/torrents/${INFOHASH}/select`, { files: [4] })).status).toBe(400)
  expect((await post(`/api/torrents/${INFOHASH}/select`, { files: [-1] })).status).toBe(400)
  expect(torrent.selected).toEqual([[0, 2]])
})

test('removing keeps the files unless told otherwise', async () => {
  const remove = (body: string) =>
    ask(`/api/torrents/${INFOHASH}`, {
      method: 'DELETE',
      headers: { ...json, 'content-length': String(body.length) },
      body,
    })
  expect((await remove('{}')).status).toBe(204)
  expect(torrent.removed).toEqual({ deleteFiles: false })
  expect((await remove('{"deleteFiles":true}')).status).toBe(204)
  expect(torrent.removed).toEqual({ deleteFiles: true })
})

test('the page comes under a strict policy, its assets for ever', async () => {
  const page = await ask('/')
  expect(page.body.toString()).toBe('<title>torrent-live</title>')
  expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
  expect(page.headers['cache-control']).toBe('no-cache')
  const again = await ask('/', { headers: { 'if-none-match': page.headers.etag! } })
  expect([again.status, again.body.length]).toEqual([304, 0])
  const asset = await ask('/assets/app-1.js')
  expect(asset.headers['content-type']).toBe('text/javascript; charset=utf-8')
  expect(asset.headers['cache-control']).toMatch(/immutable/)
})

test.each(['/../secret', '/%2e%2e/secret', '/..%2fsecret', '/assets/..%5c..%5csecret', '/nothing'])(
  'GET %s leaves the page directory for nothing',
  async path => {
    expect((await ask(path)).status).toBe(404)
  },
)

test('no odd address or method is an error of ours', async () => {
  const paths = [
    '//',
    '/%',
    '/%00',
    '/api/torrents/%E0%A4%A',
    '/subtitles/%ff/1.vtt',
    `/subtitles/${INFOHASH}/999999999.vtt`,
    '/playlist/.m3u8',
    '/stream/%2e%2e/0/x',
    `/stream/${INFOHASH}/1e3/x`,
    `/api/torrents/${INFOHASH}/pieces/..`,
    `/${'a'.repeat(8000)}`,
    '/api/events?token=%',
  ]
  for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])
    for (const path of paths) {
      if (method === 'GET' && path.startsWith('/api/events')) continue
      const { status } = await askRaw(method, path)
      expect([path, method, status >= 400 && status < 500]).toEqual([path, method, true])
    }
})

/** Sends the path as it is; a URL would tidy it up. */
function askRaw(method: string, path: string): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: harness.port, method, path, agent: false }
    const asked = request(options, response => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode ?? 0 }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

test('a page that was not built says how to build it', async () => {
  await rm(join(harness.directory, 'web'), { recursive: true })
  const answer = await ask('/')
  expect([answer.status, detailOf(answer)]).toEqual([404, expect.stringMatching(/npm run build/)])
})

/** Reads events until `count` have come, then leaves. */
async function events(count: number, meanwhile: () => void = () => {}): Promise<unknown[]> {
  const leave = new AbortController()
  const response = await fetch(new URL('/api/events', harness.server.url), { signal: leave.signal })
  const seen: unknown[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const parts = text.split('\n\n')
    text = parts.pop()!
    for (const part of parts)
      if (part.startsWith('data: ')) seen.push(JSON.parse(part.slice('data: '.length)))
    if (seen.length === 2) meanwhile()
    if (seen.length >= count) break
  }
  leave.abort()
  return seen
}

test('events begin with the state of every torrent, and the end of one follows at once', async () => {
  const pieces = { type: 'pieces', infohash: INFOHASH, pieces: torrent.pieces() }
  const seen = await events(4, () => {
    torrent.change({ state: 'done' })
    torrent.emit({ type: 'done' })
    torrent.emit({ type: 'removed' })
  })
  expect(seen.slice(0, 2)).toMatchObject([{ type: 'torrent', torrent: { name: 'memory' } }, pieces])
  expect(seen.slice(2)).toMatchObject([
    { type: 'torrent', torrent: { state: 'done' } },
    { type: 'removed', infohash: INFOHASH },
  ])
})

test('when the last page closes nobody listens to the torrent any more', async () => {
  await events(2, () => expect(torrent.listenerCount).toBe(1))
  await expect.poll(() => torrent.listenerCount).toBe(0)
})

test(`over ${EVENT_CLIENTS_MAX} pages at once answer 503`, async () => {
  const leave = new AbortController()
  const open = () => fetch(new URL('/api/events', harness.server.url), { signal: leave.signal })
  const first = await Promise.all(Array.from({ length: EVENT_CLIENTS_MAX }, open))
  expect(new Set(first.map(response => response.status))).toEqual(new Set([200]))
  expect((await open()).status).toBe(503)
  leave.abort()
})
