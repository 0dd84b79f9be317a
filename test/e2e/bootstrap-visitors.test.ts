// libtorrent, Transmission, aria2, webtorrent and our own client, with the bootstrap server as their only router.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { LIBTORRENT_PYTHON } from './libtorrent-dht.ts'

const REPOSITORY = path.join(import.meta.dirname, '../..')
const SCENE = path.join(import.meta.dirname, 'bootstrap_visitors.py')
/** Transmission looks for peers a minute or two after its start. */
const LIMIT_MS = 300_000

interface Scene {
  /** For each program whose announces it found. */
  readonly found: Readonly<Record<string, readonly string[]>>
  readonly verified: number
}

test(
  'every program joins the network, finds announces of others, and has its own found',
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bootstrap-visitors-'))
    // A network of the scene's own needs root, or a user namespace in which one is.
    const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
    const words = [...asRoot, '--net', '--mount', LIBTORRENT_PYTHON, '-W', 'ignore', SCENE, folder]
    const run = promisify(execFile)('unshare', [...words, REPOSITORY], { timeout: LIMIT_MS })
    const { stdout } = await run
    const { found, verified } = JSON.parse(stdout) as Scene
    const announcers = ['libtorrent', 'transmission', 'aria2', 'webtorrent']
    for (const program of [...announcers, 'ours'])
      expect([program, found[program]?.[0]]).not.toEqual([program, undefined])
    const heardOf = new Set(Object.values(found).flat())
    expect(announcers.filter(program => !heardOf.has(program))).toEqual([])
    expect(verified).toBeGreaterThanOrEqual(10)
    await rm(folder, { recursive: true })
  },
  LIMIT_MS,
)
