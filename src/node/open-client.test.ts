import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ClientOptions, Torrent } from './client-types.ts'
import { openClient } from './open-client.ts'

const HEX = '0123456789abcdef0123456789abcdef01234567'
const PAYLOAD = Buffer.alloc(100_000, 'payload ')
const PIECE_BYTES = 16_384

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'client-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const options = (given: Partial<ClientOptions> = {}): ClientOptions => ({
  storeDirectory: join(root, 'store'),
  stateDirectory: join(root, 'state'),
  connections: 20,
  downLimit: Number.POSITIVE_INFINITY,
  upLimit: Number.POSITIVE_INFINITY,
  storeLimit: Number.POSITIVE_INFINITY,
  share: { kind: 'off' },
  useDht: false,
  bootstrap: [],
  allowPrivate: true,
  port: 0,
  ...given,
})

/** The .torrent of `PAYLOAD` as one file; with another `source` it is another torrent of the same file. */
function torrentBytes(source = ''): Uint8Array {
  const pieces: Buffer[] = []
  for (let at = 0; at < PAYLOAD.length; at += PIECE_BYTES) {
    pieces.push(
      createHash('sha1')
        .update(PAYLOAD.subarray(at, at + PIECE_BYTES))
        .digest(),
    )
  }
  const hashes = Buffer.concat(pieces)
  const head = `d4:infod6:lengthi${PAYLOAD.length}e4:name5:a.bin12:piece lengthi${PIECE_BYTES}e6:pieces${hashes.length}:`
  const tail = source === '' ? '' : `6:source${source.length}:${source}`
  return new Uint8Array(Buffer.concat([Buffer.from(head), hashes, Buffer.from(`${tail}ee`)]))
}

/** Settles when the torrent says that it is whole, which it may have said before. */
async function whole(torrent: Torrent): Promise<void> {
  if (torrent.view().state === 'done') return
  await new Promise<void>(resolve => {
    torrent.onEvent(event => {
      if (event.type === 'done') resolve()
    })
  })
}

function place(bytes: Uint8Array): void {
  mkdirSync(join(root, 'store'))
  writeFileSync(join(root, 'store', 'a.bin'), bytes)
}

async function readAll(torrent: Torrent, begin: number, end: number): Promise<Buffer> {
  const { signal } = new AbortController()
  const parts: Uint8Array[] = []
  for await (const bytes of torrent.read({ file: 0, begin, end, viewer: 'v', signal }))
    parts.push(bytes)
  return Buffer.concat(parts)
}

test('files that are there already are verified, and read from any byte to any other', async () => {
  place(PAYLOAD)
  await using client = await openClient(options())
  const torrent = await client.add(torrentBytes())
  await whole(torrent)
  expect(Buffer.compare(await readAll(torrent, 0, PAYLOAD.length), PAYLOAD)).toBe(0)
  expect(await readAll(torrent, 20_000, 20_010)).toEqual(PAYLOAD.subarray(20_000, 20_010))
  expect(await readAll(torrent, 5, 5)).toHaveLength(0)
  expect(torrent.view().files[0]).toMatchObject({ path: 'a.bin', contiguousBytes: PAYLOAD.length })
})

test('a magnet of a torrent seen before knows its files at once', async () => {
  place(PAYLOAD)
  const first = await openClient(options())
  const { infohash } = await first.add(torrentBytes())
  await whole(first.torrents[0]!)
  await first.close()
  await using second = await openClient(options())
  const torrent = await second.add(`magnet:?xt=urn:btih:${infohash}`)
  expect((await torrent.metadata).name).toBe('a.bin')
  await whole(torrent)
})

test('one torrent added twice is one torrent, and whoever listens hears of it once', async () => {
  await using client = await openClient(options())
  const heard: string[] = []
  client.onTorrent(torrent => void heard.push(torrent.infohash))
  const first = await client.add(HEX)
  expect(await client.add(`magnet:?xt=urn:btih:${HEX}&dn=other`)).toBe(first)
  expect(heard).toEqual([HEX])
  expect(client.torrents).toHaveLength(1)
})

test('a reader that leaves ends at once, though nothing ever comes', async () => {
  await using client = await openClient(options())
  const torrent = await client.add(torrentBytes())
  await torrent.metadata
  const leaving = new AbortController()
  const read = torrent.read({ file: 0, begin: 0, end: 10, viewer: 'v', signal: leaving.signal })
  setImmediate(() => leaving.abort())
  for await (const _bytes of read) expect.unreachable()
})

test('closing tells whoever waits, and can be said twice', async () => {
  const client = await openClient(options())
  const torrent = await client.add(HEX)
  const waiting = expect(torrent.metadata).rejects.toThrow('closed')
  await Promise.all([client.close(), client.close()])
  await waiting
  expect(torrent.view()).toMatchObject({ infohash: HEX, state: 'failed' })
})

test('removed with its files, nothing of a torrent is left in the store or in the state', async () => {
  place(PAYLOAD)
  const client = await openClient(options())
  const torrent = await client.add(torrentBytes())
  await whole(torrent)
  await torrent.remove({ deleteFiles: true })
  expect(client.torrents).toEqual([])
  await client.close()
  expect(readdirSync(join(root, 'store'))).toEqual([])
  for (const folder of ['resume', 'torrents']) {
    const path = join(root, 'state', folder)
    expect(existsSync(path) ? readdirSync(path) : []).toEqual([])
  }
})

test('a client that cannot open lets go of the state directory', async () => {
  const share = { kind: 'full', ratio: 1 } as const
  await expect(openClient(options({ share, bind: '192.0.2.1' }))).rejects.toThrow()
  await (await openClient(options())).close()
})

test('a second torrent with a file of the same path is refused until the first is removed', async () => {
  await using client = await openClient(options())
  const first = await client.add(torrentBytes())
  await first.metadata
  await expect(client.add(torrentBytes('x'))).rejects.toMatchObject({
    name: 'BadSource',
    message: expect.stringMatching(/^a\.bin would be the same file as one of a\.bin .*directory/),
  })
  expect(client.torrents).toEqual([first])
  await first.remove({ deleteFiles: false })
  await client.add(torrentBytes('x'))
})

test('a choice that no file answers to is refused, and the files are named', async () => {
  await using client = await openClient(options())
  await expect(client.add(torrentBytes(), { files: ['*.mkv', 7] })).rejects.toMatchObject({
    name: 'BadSource',
    message: 'No file of this torrent is chosen by *.mkv, 7: its files are 0 a.bin.',
  })
  expect(client.torrents).toEqual([])
})
