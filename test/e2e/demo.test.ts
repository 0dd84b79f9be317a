import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Command } from './command.ts'

let home: string

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'demo-test-'))
})

afterEach(async () => {
  await rm(home, { recursive: true })
})

test('the demo streams its clip from several peers of its own and leaves nothing behind', async () => {
  const clip = await readFile(path.join(import.meta.dirname, '../../demo/torrent-live demo.mp4'))
  await using command = new Command({
    words: ['demo', '--json', '--http', '0'],
    home,
    environment: { TMPDIR: home, TEMP: home },
  })
  const { files } = (await command.line('metadata')) as unknown as {
    files: { path: string; url: string }[]
  }
  const { url } = files.find(file => file.path.endsWith('.mp4'))!
  const response = await fetch(url, { headers: { range: 'bytes=0-199999' } })
  expect(Buffer.from(await response.arrayBuffer()).equals(clip.subarray(0, 200_000))).toBe(true)
  const peers = command.json.filter(line => line.type === 'peer' && line.state === 'connected')
  const hosts = new Set(peers.map(peer => String(peer.address).replace(/:\d+$/, '')))
  expect([...hosts].every(host => host.startsWith('127.'))).toBe(true)
  expect(peers.length).toBeGreaterThan(2)
  command.process.kill('SIGINT')
  expect(await command.end()).toBe(0)
  expect((await readdir(home)).filter(name => name.startsWith('torrent-live-demo'))).toEqual([])
})
