// Six kills of a real download. test/long/kill-cost.sim.ts makes it two hundred.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { killOften } from './kills.ts'

const PIECE_BYTES = 65_536
/** Half a second of 3 MB/s: asked for and on the way, in the seeder's log but not sent yet, or whole and not yet written. */
const PIECES_IN_FLIGHT_MAX = 24

test('after each of six kills only pieces in flight are fetched again, and the result is right', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'kill-'))
  const downloads = await killOften({
    directory,
    seed: 1,
    kills: 6,
    momentMaxMs: 900,
    totalBytes: 8_000_001,
    bytesPerSecond: 3_000_000,
    kinds: [{ kind: 'v1', pieceBytes: PIECE_BYTES }],
  })
  const kills = downloads.flatMap(download => download.kills)
  expect(kills).toHaveLength(6)
  for (const kill of kills) {
    expect(kill.settledPiecesAgain).toBe(0)
    expect(kill.piecesAgain).toBeLessThanOrEqual(PIECES_IN_FLIGHT_MAX)
  }
  for (const { sentBytes, totalBytes, kills: some } of downloads)
    expect(sentBytes - totalBytes).toBeLessThanOrEqual(
      some.length * PIECES_IN_FLIGHT_MAX * PIECE_BYTES,
    )
  await rm(directory, { recursive: true })
})
