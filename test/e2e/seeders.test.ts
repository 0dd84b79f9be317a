// Real programs seed, and every byte that arrives is theirs: v1 of five programs, v2 and hybrid of
// libtorrent, from a .torrent file and from an infohash alone.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClient } from '../../src/node/index.ts'
import { LibtorrentSeeder } from './libtorrent-seeder.ts'
import { openAria2 } from './peers/aria2.ts'
import { type MadeTorrent, makeTorrent, sha256Of } from './peers/make-torrent.ts'
import type { RealSeeder, SeederPlace } from './peers/program.ts'
import { openRtorrent } from './peers/rtorrent.ts'
import { openTransmission } from './peers/transmission.ts'
import { openWebtorrent } from './peers/webtorrent.ts'

const SIZES = { 'a.bin': 3_000_001, 'empty.txt': 0, 'folder/b.bin': 70_000, 'folder/c.bin': 16_384 }

let directory: string
let made: MadeTorrent

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'torrent-live-seeders-'))
  made = await makeTorrent(directory, 'payload', { pieceBytes: 65_536, sizes: SIZES })
})

afterAll(() => rm(directory, { recursive: true, force: true }))

/** Downloads `source` from `peer` alone. @returns the folder that holds the result. */
async function download(source: string | Uint8Array, peer: string): Promise<string> {
  const place = await mkdtemp(path.join(directory, 'download-'))
  const storeDirectory = path.join(place, 'store')
  await using client = await openClient({
    storeDirectory,
    stateDirectory: path.join(place, 'state'),
    connections: 20,
    downLimit: Number.POSITIVE_INFINITY,
    upLimit: Number.POSITIVE_INFINITY,
    storeLimit: Number.POSITIVE_INFINITY,
    share: { kind: 'off' },
    useDht: false,
    bootstrap: [],
    allowPrivate: true,
    port: 0,
  })
  const torrent = await client.add(source, { peers: [peer] })
  await new Promise<void>((resolve, reject) => {
    torrent.onEvent(event => {
      if (event.type === 'done') resolve()
      if (event.type === 'problem' && event.isFatal) reject(new Error(event.message))
    })
  })
  return storeDirectory
}

async function expectSame(
  digests: ReadonlyMap<string, string>,
  storeDirectory: string,
): Promise<void> {
  for (const [file, digest] of digests) {
    expect(sha256Of(await readFile(path.join(storeDirectory, file))), file).toBe(digest)
  }
}

const programs: Readonly<Record<string, (place: SeederPlace) => Promise<RealSeeder>>> = {
  'Transmission 3.00': openTransmission,
  'aria2 1.36': openAria2,
  'rtorrent 0.9.8': openRtorrent,
  'webtorrent 3.0.21': openWebtorrent,
}

for (const [name, open] of Object.entries(programs)) {
  test(`${name} seeds, from its .torrent file and from its infohash`, async () => {
    const stateDirectory = path.join(directory, name.replaceAll(' ', '-'))
    await mkdir(stateDirectory)
    await using seeder = await open({ ...made, stateDirectory })
    await expectSame(made.digests, await download(await readFile(made.torrent), seeder.address))
    await expectSame(made.digests, await download(made.infohash, seeder.address))
  }, 90_000)
}

for (const kind of ['v1', 'v2', 'hybrid'] as const) {
  test(`libtorrent seeds ${kind}, from its .torrent file and from its magnet link`, async () => {
    const torrent = path.join(directory, `${kind}.torrent`)
    const source = path.join(made.dataDirectory, 'payload')
    await using seeder = await LibtorrentSeeder.open({
      source,
      torrent,
      address: '127.0.0.1',
      kind,
    })
    await expectSame(made.digests, await download(await readFile(torrent), seeder.address))
    await expectSame(made.digests, await download(seeder.magnet, seeder.address))
  })
}

test('a seeder that takes nothing but encrypted connections is tried again with encryption', async () => {
  const torrent = path.join(directory, 'encrypted.torrent')
  const source = path.join(made.dataDirectory, 'payload')
  await using seeder = await LibtorrentSeeder.open({
    source,
    torrent,
    address: '127.0.0.1',
    isEncrypted: true,
  })
  await expectSame(made.digests, await download(await readFile(torrent), seeder.address))
})
