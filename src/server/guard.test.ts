import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MemoryClient, MemoryTorrent } from '../../test/support/memory-client.ts'
import {
  detailOf,
  FILM,
  INFOHASH,
  type Question,
  ServerHarness,
} from '../../test/support/server-harness.ts'
import { openServer } from './index.ts'

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

test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example'])(
  'the host "%s" is refused: another name may have been rebound to us',
  async host => {
    for (const path of ['/', FILM, '/api/torrents', '/api/events']) {
      const answer = await ask(path, { headers: { host } })
      expect([answer.status, detailOf(answer)]).toEqual([403, expect.stringMatching(/address/)])
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
    expect((await ask(FILM, { headers })).status).toBe(403)
  const own = { origin: new URL(harness.server.url).origin, 'sec-fetch-site': 'same-origin' }
  expect((await ask(FILM, { headers: own })).status).toBe(200)
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }
  expect((await ask('/', { headers: link })).status).toBe(200)
})

test('on every address a token is needed, and the page gets it as a cookie', async () => {
  await harness.listen('0.0.0.0')
  const port = String(harness.port)
  const token = new URL(harness.server.url).searchParams.get('token')!
  expect(token).toMatch(/^[\w-]{22}$/)
  expect(harness.server.urlOf('/playlist/x.m3u8')).toMatch(new RegExp(`token=${token}$`))
  for (const path of ['/', '/api/torrents', FILM, `/?token=${'x'.repeat(22)}`, '/?token='])
    expect((await ask(path)).status).toBe(401)
  const first = await ask(`/?token=${token}`)
  expect(first.status).toBe(200)
  const [cookie] = first.headers['set-cookie']!
  expect(cookie).toBe(`torrent_live_${port}=${token}; Path=/; HttpOnly; SameSite=Strict`)
  const withCookie = { headers: { cookie: `other=1; ${cookie!.split(';')[0]}` } }
  expect((await ask('/', withCookie)).status).toBe(200)
  expect((await ask(FILM, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
  expect((await ask(`${FILM}?token=${token}`)).status).toBe(200)
  const playlist = (await ask(`/playlist/${INFOHASH}.m3u8`, withCookie)).body.toString()
  expect(playlist).toContain(`token=${token}`)
})

test('a port in use says so, or another one is taken when the user named none', async () => {
  const port = harness.port
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
