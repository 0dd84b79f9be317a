// The built command on the newer Node.js versions that npm brings along: from a peer to the file, and Ctrl-C.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Command } from './command.ts'
import { LibtorrentSeeder } from './libtorrent-seeder.ts'
import { sha256Of } from './peers/make-torrent.ts'

const NODES = path.join(import.meta.dirname, '../peers/node_modules')
const film = randomBytes(3_000_001)

let shared: string
let seeder: LibtorrentSeeder

beforeAll(async () => {
  shared = await mkdtemp(path.join(tmpdir(), 'nodes-'))
  await writeFile(path.join(shared, 'film.mp4'), film)
  seeder = await LibtorrentSeeder.open({
    source: path.join(shared, 'film.mp4'),
    torrent: path.join(shared, 'film.torrent'),
    address: '127.0.85.1',
    kind: 'hybrid',
  })
})

afterAll(async () => {
  await seeder[Symbol.asyncDispose]()
  await rm(shared, { recursive: true })
})

for (const major of [22, 24]) {
  // The package is of Linux on x64; a machine that cannot run it has tested the version that it has.
  test.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
    `on Node.js ${major} a magnet link becomes the file, is streamed, and Ctrl-C stops with 0`,
    async () => {
      const node = path.join(NODES, `node-${major}`, 'bin', 'node')
      expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(`v${major}.`)
      const home = await mkdtemp(path.join(shared, 'home-'))
      const words = [seeder.magnet, '--peer', seeder.address, '--no-dht', '--http', '0', '--json']
      await using command = new Command({ words, home, node })
      const { files } = (await command.line('metadata')) as unknown as { files: { url: string }[] }
      const part = await fetch(files[0]!.url, { headers: { range: 'bytes=-100' } })
      expect(Buffer.from(await part.arrayBuffer())).toEqual(film.subarray(-100))
      expect(await command.line('done')).toMatchObject({ infohash: seeder.infohash })
      expect(sha256Of(await readFile(path.join(home, 'store', 'film.mp4')))).toBe(sha256Of(film))
      command.process.kill('SIGINT')
      expect(await command.end()).toBe(0)
      expect(command.errors).toBe('')
    },
  )
}
