// kill -9 at random moments of a real download: no start finds less than the end before it had on disk.
// `KILLS` says how often.
import { spawn } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { SeededLuck } from '../../sim/random.ts'
import { LibtorrentSeeder } from './libtorrent-seeder.ts'

const KILLS = Number(process.env.KILLS ?? 8)
const SEED = Number(process.env.SEED ?? 1)
const PAYLOAD_BYTES = 48 * 1024 * 1024
/** So that a download is killed some ten times before it is whole. */
const BYTES_PER_SECOND = 16 * 1024 * 1024

interface Report {
  readonly state: string
  readonly verifiedBytes: number
  readonly fetchedBytes: number
}

const sha256Of = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

/** One life, ended after `forMs` of downloading, or by itself. @returns what it told after its check. */
async function live(words: readonly string[], forMs: number): Promise<readonly Report[]> {
  const script = path.join(import.meta.dirname, 'killable.mjs')
  const child = spawn(process.execPath, [script, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const reports: Report[] = []
  let timer: NodeJS.Timeout | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    const report: Report = JSON.parse(line)
    if (report.state === 'checking') continue
    timer ??= setTimeout(() => child.kill('SIGKILL'), forMs)
    reports.push(report)
  }
  clearTimeout(timer)
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return reports
}

test('killed at any moment, a download goes on where it was and ends right', async () => {
  const luck = new SeededLuck(SEED)
  const folder = mkdtempSync(path.join(tmpdir(), 'torrent-live-kill-'))
  const source = path.join(folder, 'payload.bin')
  const torrent = path.join(folder, 'payload.torrent')
  writeFileSync(source, randomFillSync(Buffer.alloc(PAYLOAD_BYTES)))
  try {
    await using seeder = await LibtorrentSeeder.open({
      source,
      torrent,
      address: '127.0.0.1',
      pieceBytes: 262_144,
      bytesPerSecond: BYTES_PER_SECOND,
    })
    let lives = 0
    let wastedBytes = 0
    let kills = 0
    while (kills < KILLS) {
      const place = path.join(folder, `download-${lives++}`)
      let before = 0
      for (;;) {
        const reports = await live([torrent, place, seeder.address], luck.between(0, 900))
        const first = reports[0]
        const last = reports.at(-1)
        if (first !== undefined)
          expect(first.verifiedBytes, `kill ${kills}`).toBeGreaterThanOrEqual(before)
        if (last?.state === 'done') break
        kills++
        if (first === undefined || last === undefined) continue
        wastedBytes += last.fetchedBytes - (last.verifiedBytes - first.verifiedBytes)
        before = last.verifiedBytes
      }
      expect(sha256Of(path.join(place, 'store', 'payload.bin'))).toBe(sha256Of(source))
      rmSync(place, { recursive: true })
    }
    console.log(`${kills} kills: ${Math.round(wastedBytes / kills / 1024)} KiB in flight at each`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 3_600_000)
