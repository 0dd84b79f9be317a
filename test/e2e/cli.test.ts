import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Command } from './command.ts'
import { LibtorrentSeeder } from './libtorrent-seeder.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const film = randomBytes(3_000_001)
const extra = randomBytes(70_000)

let shared: string
let seeder: LibtorrentSeeder
let torrent: string
let home: string

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'cli-shared-'))
  await mkdir(join(shared, 'Film'))
  await writeFile(join(shared, 'Film', 'film.mp4'), film)
  await writeFile(join(shared, 'Film', 'extra.txt'), extra)
  torrent = join(shared, 'film.torrent')
  seeder = await LibtorrentSeeder.open({
    source: join(shared, 'Film'),
    torrent,
    address: '127.0.81.1',
  })
})

afterAll(async () => {
  await seeder[Symbol.asyncDispose]()
  await rm(shared, { recursive: true })
})

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cli home-'))
})

afterEach(async () => {
  await rm(home, { recursive: true })
})

const start = (words: readonly string[], environment: Record<string, string> = {}) =>
  new Command({ words, home, environment })

const stored = (...parts: string[]) => readFile(join(home, ...parts))

test('a torrent file is downloaded from a libtorrent peer, byte for byte, and told as JSON', async () => {
  const words = [torrent, 'my films', '--peer', seeder.address, '--no-dht', '--http', '0']
  await using command = start([...words, '--json', '--exit'])
  expect(await command.end()).toBe(0)
  expect(command.errors).toBe('')
  expect(sha256(await stored('my films', 'Film', 'film.mp4'))).toBe(sha256(film))
  expect(sha256(await stored('my films', 'Film', 'extra.txt'))).toBe(sha256(extra))
  const { json } = command
  expect(json[0]).toMatchObject({ type: 'listening', url: expect.stringMatching(/^http:/) })
  const metadata = json.find(line => line.type === 'metadata')
  expect(metadata).toMatchObject({
    infohash: seeder.infohash,
    name: 'Film',
    totalBytes: film.length + extra.length,
    pieceBytes: 65_536,
  })
  expect(metadata?.files).toContainEqual({
    index: expect.any(Number),
    path: 'Film/film.mp4',
    bytes: film.length,
    url: expect.stringMatching(
      `^http://127\\.0\\.0\\.1:\\d+/stream/${seeder.infohash}/\\d/film.mp4$`,
    ),
  })
  expect(json.find(line => line.type === 'peer')).toMatchObject({
    address: seeder.address,
    state: 'connected',
  })
  const total = film.length + extra.length
  expect(json.findLast(line => line.type === 'progress')).toMatchObject({
    verifiedBytes: total,
    totalBytes: total,
    contiguousBytes: total,
    wastedBytes: 0,
  })
  const done = json.filter(line => line.type === 'done')
  expect(done).toMatchObject([{ infohash: seeder.infohash }])
  expect(json.map(line => line.atMs)).toEqual(json.map(line => line.atMs).sort((a, b) => a - b))
  expect(seeder.told.filter(line => 'received' in line)).toEqual([])
})

test('a magnet link is streamed while it downloads, with ranges, and Ctrl-C stops with 0', async () => {
  const words = [seeder.magnet, '--peer', seeder.address, '--no-dht', '--http', '0', '--json']
  await using command = start(words)
  const { files } = (await command.line('metadata')) as unknown as {
    files: { path: string; url: string }[]
  }
  const { url } = files.find(file => file.path.endsWith('film.mp4'))!
  const part = await fetch(url, { headers: { range: 'bytes=2000000-2000099' } })
  expect(part.status).toBe(206)
  expect(Buffer.from(await part.arrayBuffer())).toEqual(film.subarray(2_000_000, 2_000_100))
  const whole = await fetch(url)
  expect(sha256(new Uint8Array(await whole.arrayBuffer()))).toBe(sha256(film))
  command.process.kill('SIGINT')
  expect(await command.end()).toBe(0)
})

test.skipIf(process.platform === 'win32')('--player starts the player on the video', async () => {
  const told = join(home, 'told')
  await writeFile(
    join(home, 'mpv'),
    `#!/bin/sh\nprintf %s "$*" > '${told}.new'\nmv '${told}.new' '${told}'\n`,
  )
  await chmod(join(home, 'mpv'), 0o755)
  const words = [torrent, '--peer', seeder.address, '--no-dht', '--http', '0', '--json']
  await using command = start([...words, '--player', 'mpv'], {
    PATH: `${home}:${process.env.PATH}`,
  })
  const { url } = (await command.line('listening')) as unknown as { url: string }
  await expect
    .poll(() => readFile(told, 'utf8').catch(() => ''), { timeout: 20_000 })
    .toMatch(new RegExp(`^${url}stream/${seeder.infohash}/\\d/film\\.mp4$`))
})

test('everything leaves from the address that --bind names', async () => {
  const words = [torrent, '--peer', seeder.address, '--no-dht', '--http', '0', '--json', '--exit']
  await using command = start([...words, '--bind', '127.0.81.77'])
  expect(await command.end()).toBe(0)
  await expect
    .poll(() => seeder.told.map(line => String(line.connected)).join(' '))
    .toMatch(/127\.0\.81\.77:/)
})

test('output that nobody reads any more stops the run, and it saves', async () => {
  const words = [torrent, '--peer', seeder.address, '--no-dht', '--http', '0']
  await using command = start(words)
  command.process.stdout!.destroy()
  expect(await command.end()).toBe(0)
})

test('torrents are added and removed through the interface', async () => {
  const words = [torrent, '--peer', seeder.address, '--no-dht', '--http', '0', '--json']
  await using command = start(words)
  const { url } = (await command.line('listening')) as unknown as { url: string }
  await command.line('done')
  const ask = (path: string, method: string, body?: unknown) =>
    fetch(new URL(path, url), {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const other = '1'.repeat(40)
  expect((await ask('/api/torrents', 'POST', { source: other })).status).toBe(201)
  const list = await (await fetch(new URL('/api/torrents', url))).json()
  expect(list.map((one: { infohash: string }) => one.infohash)).toEqual([seeder.infohash, other])
  expect((await ask(`/api/torrents/${other}`, 'DELETE', {})).status).toBe(204)
  const gone = await fetch(new URL(`/api/torrents/${other}`, url))
  expect(gone.status).toBe(404)
  const remove = `/api/torrents/${seeder.infohash}`
  expect((await ask(remove, 'DELETE', { deleteFiles: true })).status).toBe(204)
  expect(await readdir(join(home, 'store'))).toEqual([])
  command.process.kill('SIGINT')
  expect(await command.end()).toBe(0)
})

test('Ctrl-C while a player reads is no error', async () => {
  await using slow = await LibtorrentSeeder.open({
    source: join(shared, 'Film'),
    torrent: join(shared, 'slow.torrent'),
    address: '127.0.81.3',
    bytesPerSecond: 300_000,
  })
  await using command = start([
    torrent,
    '--peer',
    slow.address,
    '--no-dht',
    '--http',
    '0',
    '--json',
  ])
  const { files } = (await command.line('metadata')) as unknown as {
    files: { path: string; url: string }[]
  }
  const response = await fetch(files.find(file => file.path.endsWith('film.mp4'))!.url)
  const reader = response.body!.getReader()
  await reader.read()
  command.process.kill('SIGINT')
  expect(await command.end()).toBe(0)
  const readOn = async () => {
    for (;;) if ((await reader.read()).done) return
  }
  await expect(readOn()).rejects.toThrow()
  expect([command.errors, command.json.filter(line => line.type === 'error')]).toEqual(['', []])
})

test('only the chosen file is downloaded', async () => {
  const words = [torrent, '--peer', seeder.address, '--no-dht', '--http', '0', '--json', '--exit']
  await using command = start([...words, '--file', '*.txt'])
  expect(await command.end()).toBe(0)
  expect(sha256(await stored('store', 'Film', 'extra.txt'))).toBe(sha256(extra))
  const size = await stat(join(home, 'store', 'Film', 'film.mp4')).then(
    found => found.size,
    () => 0,
  )
  expect(size).toBeLessThan(film.length)
})

test('a choice that no file answers to ends the run of a magnet link with 1 and the names', async () => {
  const words = [seeder.magnet, '--peer', seeder.address, '--no-dht', '--http', '0']
  await using command = start([...words, '--file', '*.mkv'])
  expect(await command.end()).toBe(1)
  expect(command.lines.join('\n')).toMatch(
    /No file of this torrent is chosen by \*\.mkv: its files are 0 Film\//,
  )
})

test('after kill -9 in the middle nothing verified is fetched again, and the result is right', async () => {
  await using slow = await LibtorrentSeeder.open({
    source: join(shared, 'Film'),
    torrent: join(shared, 'slow.torrent'),
    address: '127.0.81.2',
    bytesPerSecond: 700_000,
  })
  const words = [torrent, '--peer', slow.address, '--no-dht', '--http', '0', '--json', '--exit']
  const first = start(words)
  const before = await first.line('progress', line => Number(line.verifiedBytes) > 1_000_000)
  first.process.kill('SIGKILL')
  await first.end()
  await using second = start(words)
  expect(await second.end()).toBe(0)
  const sent = Number(slow.told.findLast(line => 'sent' in line)?.sent)
  // Only what was on its way may come twice: requested, in the sockets, in unfinished pieces. A second of it at most.
  expect(sent - film.length - extra.length).toBeLessThan(700_000)
  expect(Number(before.verifiedBytes)).toBeGreaterThan(1_000_000)
  expect(sha256(await stored('store', 'Film', 'film.mp4'))).toBe(sha256(film))
})

test('with --remove nothing is left in the store', async () => {
  const words = [torrent, '--peer', seeder.address, '--no-dht', '--http', '0', '--json', '--exit']
  await using command = start([...words, '--remove'])
  expect(await command.end()).toBe(0)
  expect(await readdir(join(home, 'store'))).toEqual([])
})

test('without a terminal a line a second tells the same', async () => {
  const words = [torrent, '--peer', seeder.address, '--no-dht', '--http', '0', '--exit']
  await using command = start(words)
  expect(await command.end()).toBe(0)
  expect(command.lines[0]).toMatch(/^Watch at http:\/\/127\.0\.0\.1:\d+\/$/)
  expect(command.lines).toContain('Film: 2 files, 3.07 MB')
  expect(command.lines.join('\n')).toMatch(/Film {2}100 % {2}3\.07 MB of 3\.07 MB/)
})

test.each<[string, readonly string[], number, RegExp]>([
  ['an unknown source', ['nonsense'], 1, /"nonsense" is no source: give a magnet link/],
  ['an unknown option', ['--nothing'], 2, /Unknown option "--nothing"/],
  ['an old word', ['a.torrent', 'findspies'], 2, /not there yet/],
  ['a torrent file that is not there', ['gone.torrent'], 1, /gone\.torrent/],
  ['the same with --exit', ['gone.torrent', '--exit'], 1, /gone\.torrent/],
  ['a magnet link without an infohash', ['magnet:?dn=x'], 1, /infohash/],
])('%s is answered in one sentence', async (_, words, code, message) => {
  await using command = start([...words, '--http', '0'])
  expect(await command.end()).toBe(code)
  expect(command.errors).toMatch(message)
  expect(command.errors.trim().split('\n')).toHaveLength(1)
})

test('a broken torrent file fails with its name', async () => {
  await writeFile(join(home, 'broken.torrent'), 'd4:infoi')
  await using command = start(['broken.torrent', '--http', '0'])
  expect(await command.end()).toBe(1)
  expect(command.errors).toMatch(/broken\.torrent/)
})

test('a store that cannot be made fails, in JSON too', async () => {
  await writeFile(join(home, 'file'), '')
  await using command = start([torrent, join('file', 'films'), '--json', '--http', '0'])
  expect(await command.end()).toBe(1)
  expect(command.json.at(-1)).toMatchObject({
    type: 'error',
    code: 'no-folder',
    message: expect.stringMatching(/a file is in its way. Choose another directory/),
    fatal: true,
  })
})

test('a port in use fails, and says which option to change', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await using command = start([torrent, '--no-dht', '--http', `${port}`])
  expect(await command.end()).toBe(1)
  expect(command.errors).toMatch(/is in use: end the other program, or choose another with --http/)
  server.close()
})
