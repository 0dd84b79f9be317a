// Two hundred kills of real downloads, of every kind of torrent and of small and large pieces: `npm run sim`, with
// `KILLS` and `KILL_SEED` to choose others. It prints what each kill cost.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { killOften } from '../e2e/kills.ts'

const KILLS = Number(process.env.KILLS ?? 200)
const SEED = Number(process.env.KILL_SEED ?? 1)

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]

test(`after each of ${KILLS} kills only pieces in flight are fetched again`, async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'kill-'))
  const downloads = await killOften({
    directory,
    seed: SEED,
    kills: KILLS,
    momentMaxMs: 1500,
    totalBytes: 48_000_001,
    bytesPerSecond: 4_000_000,
    kinds: [
      { kind: 'v1', pieceBytes: 65_536 },
      { kind: 'v1', pieceBytes: 1_048_576 },
      { kind: 'v2', pieceBytes: 262_144 },
      { kind: 'hybrid', pieceBytes: 262_144 },
      { kind: 'v1', pieceBytes: 4_194_304 },
    ],
  })
  for (const { kind, kills, sentBytes, totalBytes } of downloads) {
    const bytes = kills.map(kill => kill.bytesAgain)
    const pieces = kills.map(kill => kill.piecesAgain)
    console.log(
      `${kind}: ${kills.length} kills; again per kill: median ${median(bytes)} B, at most ${Math.max(...bytes)} B; ` +
        `pieces: median ${median(pieces)}, at most ${Math.max(...pieces)}; ` +
        `sent in all ${sentBytes} of ${totalBytes} B`,
    )
  }
  const kills = downloads.flatMap(download => download.kills)
  const bytes = kills.map(kill => kill.bytesAgain)
  console.log(`all ${kills.length}: median ${median(bytes)} B, at most ${Math.max(...bytes)} B`)
  expect(kills).toHaveLength(KILLS)
  expect(kills.filter(kill => kill.settledPiecesAgain > 0)).toEqual([])
  await rm(directory, { recursive: true })
})
