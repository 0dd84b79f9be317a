// Who shares serves real programs: libtorrent downloads from us, and gets every byte right.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openClient } from '../../src/node/index.ts'
import { LibtorrentSeeder } from './libtorrent-seeder.ts'
import { type MadeTorrent, makeTorrent, sha256Of } from './peers/make-torrent.ts'
import { freePort } from './peers/program.ts'

let directory: string
let made: MadeTorrent

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'torrent-live-sharing-'))
  made = await makeTorrent(directory, 'payload', {
    pieceBytes: 65_536,
    sizes: { 'a.bin': 3_000_001, 'folder/b.bin': 70_000 },
  })
})

afterAll(() => rm(directory, { recursive: true, force: true }))

/** libtorrent downloads `wanted`, a file or a magnet link, from us, who share the torrent file `torrent`. */
async function giveToLibtorrent(name: string, torrent: string, wanted: string): Promise<void> {
  const port = await freePort()
  await using client = await openClient({
    storeDirectory: made.dataDirectory,
    stateDirectory: path.join(directory, `state-${name}`),
    connections: 20,
    downLimit: Number.POSITIVE_INFINITY,
    upLimit: Number.POSITIVE_INFINITY,
    storeLimit: Number.POSITIVE_INFINITY,
    share: { kind: 'full', ratio: Number.POSITIVE_INFINITY },
    useDht: false,
    bootstrap: [],
    allowPrivate: true,
    port,
  })
  const shared = await client.add(await readFile(torrent))
  await new Promise<void>(resolve => {
    shared.onEvent(event => event.type === 'done' && resolve())
  })
  const target = path.join(directory, `target-${name}`)
  await mkdir(target)
  const script = path.join(import.meta.dirname, 'peers/libtorrent_leecher.py')
  const words = [script, wanted, target, '127.0.0.1', `${port}`]
  const leecher = spawn('/usr/bin/python3', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => void leecher.kill())
  expect(await once(leecher, 'exit')).toEqual([0, null])
  for (const [file, digest] of made.digests) {
    expect(sha256Of(await readFile(path.join(target, file))), file).toBe(digest)
  }
}

/** Lets libtorrent make a torrent of the same files. */
async function torrentOf(kind: 'v2' | 'hybrid') {
  const torrent = path.join(directory, `${kind}.torrent`)
  const source = path.join(made.dataDirectory, 'payload')
  await using seeder = await LibtorrentSeeder.open({ source, torrent, address: '127.0.0.1', kind })
  return { torrent, magnet: seeder.magnet }
}

test('libtorrent downloads a torrent from who shares it', () =>
  giveToLibtorrent('v1', made.torrent, made.torrent))

test('libtorrent downloads a v2 torrent, whose files end in parts of a block', async () => {
  const { torrent } = await torrentOf('v2')
  await giveToLibtorrent('v2', torrent, torrent)
})

test('libtorrent downloads a hybrid torrent that it knows by its v2 infohash alone', async () => {
  const { torrent, magnet } = await torrentOf('hybrid')
  const v2 = /urn:btmh:[0-9a-f]+/.exec(magnet)?.[0]
  await giveToLibtorrent('hybrid', torrent, `magnet:?xt=${v2}`)
})
