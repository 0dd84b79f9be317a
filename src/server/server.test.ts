import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MemoryClient, MemoryTorrent } from '../../test/support/memory-client.ts'
import { BODY_MAX_BYTES } from './app.ts'
import { EVENT_CLIENTS_MAX } from './events.ts'
import { openServer, type RunningServer } from './index.ts'
import { STREAMS_MAX } from './stream.ts'

const INFOHASH = 'a'.repeat(40)
const video = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 7) % 251)
const subtitles = Buffer.from('1\r\n00:00:01,5 --> 00:00:02,000\r\nOne, two\r\n')

let directory: string
let torrent: MemoryTorrent
let client: MemoryClient
let server: RunningServer

const start = (host = '127.0.0.1') =>
  openServer({ client, host, port: 0, isPortFixed: true, pageDirectory: join(directory, 'web') })

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'server-test-'))
  await mkdir(join(directory, 'web', 'assets'), { recursive: true })
  await writeFile(join(directory, 'web', 'index.html'), '<title>torrent-live</title>')
  await writeFile(join(directory, 'web', 'assets', 'app-1.js'), 'let a')
  await writeFile(join(directory, 'secret'), 'secret')
  torrent = new MemoryTorrent({
    infohash: INFOHASH,
    files: [
      { path: 'Film/film.mp4', bytes: video },
      { path: 'Film/film.en.srt', bytes: subtitles },
      { path: 'Film/evil.html', bytes: Buffer.from('<script>1</script>') },
      { path: 'Film/empty.mkv', bytes: new Uint8Array(0) },
    ],
  })
  client = new MemoryClient(torrent)
  server = await start()
})

afterEach(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** `fetch` may set neither `Host` nor `Origin` nor `Sec-Fetch-*`. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { body, ...rest } = options
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, server.url), { ...rest, agent: false }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

const film = `/stream/${INFOHASH}/0/film.mp4`
const json = { 'content-type': 'application/json' }
const detail = (answer: Answer): string => JSON.parse(answer.body.toString()).detail

test('a whole file comes with its type, size, tag and the offer of ranges', async () => {
  const { status, headers, body } = await ask(film)
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
  expect(body.equals(video)).toBe(true)
})

test.each([
  ['bytes=100-199', 100, 200],
  ['bytes=999990-', 999990, 1000000],
  ['bytes=-10', 999990, 1000000],
  ['bytes=70000-300000', 70000, 300001],
])('%s answers 206 with those bytes', async (range, begin, end) => {
  const { status, headers, body } = await ask(film, { headers: { range } })
  expect(status).toBe(206)
  expect(headers['content-range']).toBe(`bytes ${begin}-${end - 1}/1000000`)
  expect(headers['content-length']).toBe(String(end - begin))
  expect(body.equals(video.subarray(begin, end))).toBe(true)
})

test('a range behind the end answers 416 with the size', async () => {
  const answer = await ask(film, { headers: { range: 'bytes=1000000-' } })
  expect(answer.status).toBe(416)
  expect(answer.headers['content-range']).toBe('bytes */1000000')
  expect(detail(answer)).toMatch(/1000000/)
})

test('HEAD answers what GET would, reads nothing and names no viewer', async () => {
  const { status, headers, body } = await ask(film, {
    method: 'HEAD',
    headers: { range: 'bytes=0-9' },
  })
  expect([status, headers['content-length'], body.length]).toEqual([206, '10', 0])
  expect(torrent.reads).toEqual([])
})

test('If-Range with the tag keeps the range, with anything else it does not', async () => {
  const range = 'bytes=0-9'
  const tag = `"${INFOHASH}-0"`
  expect((await ask(film, { headers: { range, 'if-range': tag } })).status).toBe(206)
  for (const other of ['"other"', `W/${tag}`, 'Fri, 20 Nov 2026 00:00:00 GMT'])
    expect((await ask(film, { headers: { range, 'if-range': other } })).status).toBe(200)
})

test('If-None-Match with the tag answers 304 without a body', async () => {
  const answer = await ask(film, { headers: { 'if-none-match': `"x", "${INFOHASH}-0"` } })
  expect([answer.status, answer.body.length]).toEqual([304, 0])
})

test('an empty file is served empty', async () => {
  const answer = await ask(`/stream/${INFOHASH}/3/empty.mkv`)
  expect([answer.status, answer.headers['content-length']]).toEqual([200, '0'])
})

test('DLNA headers come only when asked for, and a wrong mode is refused', async () => {
  const asked = { 'getcontentFeatures.dlna.org': '1', 'transferMode.dlna.org': 'Streaming' }
  const { headers } = await ask(film, { method: 'HEAD', headers: asked })
  expect(headers['contentfeatures.dlna.org']).toMatch(/^DLNA\.ORG_OP=01;DLNA\.ORG_CI=0;/)
  expect(headers['transfermode.dlna.org']).toBe('Streaming')
  const wrong = await ask(film, { headers: { 'transferMode.dlna.org': 'Interactive' } })
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
  expect(detail(answer)).toMatch(/^[A-Z].*\.$/)
})

test('writing to a stream answers 405', async () => {
  const answer = await ask(film, { method: 'PUT', body: 'x' })
  expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD'])
})

test('closing the connection ends the read', async () => {
  torrent.isHeld = true
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.write(`GET ${film} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
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
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
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
  await asPlayer('mpv', film)
  await asPlayer('mpv', film)
  await asPlayer('vlc', film)
  await asPlayer('mpv', `/stream/${INFOHASH}/1/film.en.srt`)
  const [first, second, third, fourth] = torrent.reads.map(read => read.viewer)
  expect(second).toBe(first)
  expect(new Set([first, third, fourth]).size).toBe(3)
})

test('a page names its viewer, and a malformed name is not taken', async () => {
  await ask(`${film}?viewer=page-1234`)
  await ask(`${film}?viewer=${encodeURIComponent('a b c d e f')}`)
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
    files: [{ path: 'a.mp4', bytes: video }],
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
  const port = Number(new URL(server.url).port)
  const sockets = Array.from({ length: STREAMS_MAX }, () => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${film} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    return socket
  })
  await expect.poll(() => torrent.reads.length).toBe(STREAMS_MAX)
  const answer = await ask(film)
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
  for (const socket of sockets) socket.destroy()
  await expect.poll(() => torrent.reads.some(read => read.isOpen)).toBe(false)
  torrent.release()
  expect((await ask(film)).status).toBe(200)
})

test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example'])(
  'the host "%s" is refused: another name may have been rebound to us',
  async host => {
    for (const path of ['/', film, '/api/torrents', '/api/events']) {
      const answer = await ask(path, { headers: { host } })
      expect([answer.status, detail(answer)]).toEqual([403, expect.stringMatching(/address/)])
    }
    expect(torrent.reads).toEqual([])
  },
)

test.each(['localhost', '127.0.0.1', '[::1]', '192.168.1.2'])('the host %s is ours', async host => {
  expect((await ask('/', { headers: { host: `${host}:1234` } })).status).toBe(200)
})

test('another origin, or a site that embeds us, is refused', async () => {
  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'video' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'empty' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' },
  ] as Record<string, string>[])
    expect((await ask(film, { headers })).status).toBe(403)
  const own = { origin: new URL(server.url).origin, 'sec-fetch-site': 'same-origin' }
  expect((await ask(film, { headers: own })).status).toBe(200)
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }
  expect((await ask('/', { headers: link })).status).toBe(200)
})

test('on every address a token is needed, and the page gets it as a cookie', async () => {
  await server.close()
  server = await start('0.0.0.0')
  const port = new URL(server.url).port
  const token = new URL(server.url).searchParams.get('token')!
  expect(token).toMatch(/^[\w-]{22}$/)
  expect(server.urlOf('/playlist/x.m3u8')).toMatch(new RegExp(`token=${token}$`))
  for (const path of ['/', '/api/torrents', film, `/?token=${'x'.repeat(22)}`, '/?token='])
    expect((await ask(path)).status).toBe(401)
  const first = await ask(`/?token=${token}`)
  expect(first.status).toBe(200)
  const [cookie] = first.headers['set-cookie']!
  expect(cookie).toBe(`torrent_live_${port}=${token}; Path=/; HttpOnly; SameSite=Strict`)
  const withCookie = { headers: { cookie: `other=1; ${cookie!.split(';')[0]}` } }
  expect((await ask('/', withCookie)).status).toBe(200)
  expect((await ask(film, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
  expect((await ask(`${film}?token=${token}`)).status).toBe(200)
  const playlist = (await ask(`/playlist/${INFOHASH}.m3u8`, withCookie)).body.toString()
  expect(playlist).toContain(`token=${token}`)
})

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
    `${new URL(server.url).origin}${film}`,
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
  expect(detail(answer)).toMatch(/^[A-Z].*\.$/)
  expect(client.added).toEqual([])
})

test('what the client cannot read answers 400 with the reason of the client', async () => {
  client.torrents.length = 0
  const answer = await post('/api/torrents', { source: INFOHASH })
  expect([answer.status, detail(answer)]).toEqual([400, 'Give a magnet link.'])
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

test('a page that was not built says how to build it', async () => {
  await rm(join(directory, 'web'), { recursive: true })
  const answer = await ask('/')
  expect([answer.status, detail(answer)]).toEqual([404, expect.stringMatching(/npm run build/)])
})

/** Reads events until `count` have come, then leaves. */
async function events(count: number, meanwhile: () => void = () => {}): Promise<unknown[]> {
  const leave = new AbortController()
  const response = await fetch(new URL('/api/events', server.url), { signal: leave.signal })
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
  const open = () => fetch(new URL('/api/events', server.url), { signal: leave.signal })
  const first = await Promise.all(Array.from({ length: EVENT_CLIENTS_MAX }, open))
  expect(new Set(first.map(response => response.status))).toEqual(new Set([200]))
  expect((await open()).status).toBe(503)
  leave.abort()
})

test('a port in use says so, or another one is taken when the user named none', async () => {
  const port = Number(new URL(server.url).port)
  const again = { client, host: '127.0.0.1', port }
  await expect(openServer({ ...again, isPortFixed: true })).rejects.toMatchObject({
    name: 'PortInUse',
    message: expect.stringMatching(/--http/),
  })
  const other = await openServer({ ...again, isPortFixed: false })
  expect(new URL(other.url).port).not.toBe(String(port))
  await other.close()
})

test('an address that this machine does not have says so', async () => {
  const wrong = { client, host: '192.0.2.1', port: 0, isPortFixed: true }
  await expect(openServer(wrong)).rejects.toMatchObject({ name: 'NoSuchAddress' })
})
