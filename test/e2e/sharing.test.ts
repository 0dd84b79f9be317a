// Who shares serves real programs: libtorrent downloads from us, and gets every byte right.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClient } from '../../src/node/index.ts'
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

test('libtorrent downloads a torrent from who shares it', async () => {
  const port = await freePort()
  await using client = await openClient({
    storeDirectory: made.dataDirectory,
    stateDirectory: path.join(directory, 'state'),
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
  const torrent = await client.add(await readFile(made.torrent))
  await new Promise<void>(resolve => {
    torrent.onEvent(event => event.type === 'done' && resolve())
  })
  const target = path.join(directory, 'target')
  await mkdir(target)
  const script = path.join(import.meta.dirname, 'peers/libtorrent_leecher.py')
  const words = [script, made.torrent, target, '127.0.0.1', `${port}`]
  const leecher = spawn('/usr/bin/python3', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  expect(await once(leecher, 'exit')).toEqual([0, null])
  for (const [file, digest] of made.digests) {
    expect(sha256Of(await readFile(path.join(target, file))), file).toBe(digest)
  }
})
