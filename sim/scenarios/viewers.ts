// People who watch: they start, seek, leave, and must not wait longer than they have to.
import { Cinema } from '../cinema.ts'
import { expectThat, MIB, type Scenario } from './scenario.ts'

/** 32 Mbit/s and 50 ms round trip, five seeders. */
const HOME = {
  hasTorrentFile: true,
  clientLink: { downBytesPerSecond: 4e6, delayMs: 12.5 },
  seeders: Array.from({ length: 5 }, () => ({ unchokeAfterMs: 20 })),
}
const ROUND_TRIP_MS = 50
/** The line carries a piece of this size in so long; headers and framing are in the 1.3 of the target. */
const pieceMs = (pieceSize: number) => (pieceSize / 4e6) * 1000

const start: Scenario = {
  name: 'the first byte comes within five round trips, the unchoke and 1.3 times the piece',
  play: seed => {
    for (const pieceSize of [262_144, MIB, 8 * MIB]) {
      const cinema = new Cinema({ seed, fileSizes: [24 * MIB], pieceSize, ...HOME })
      const viewer = cinema.addViewer({ bytesPerSecond: 1e6 })
      viewer.play(0)
      cinema.runUntil(() => viewer.seance.waitsMs.length > 0, 60_000, 'the first byte')
      const waitMs = viewer.seance.waitsMs[0] ?? 0
      const limitMs = 5 * ROUND_TRIP_MS + 20 + 1.3 * pieceMs(pieceSize)
      expectThat(waitMs <= limitMs, `a start within ${limitMs} ms, not ${waitMs} (${pieceSize})`)
    }
  },
}

const seek: Scenario = {
  name: 'a seek to 70 % is answered within four round trips and 1.3 times the piece',
  play: seed => {
    for (const pieceSize of [262_144, MIB]) {
      const cinema = new Cinema({ seed, fileSizes: [32 * MIB], pieceSize, ...HOME })
      const viewer = cinema.addViewer({ bytesPerSecond: 1e6 })
      viewer.play(0)
      cinema.runUntil(() => viewer.seance.servedBytes > 2 * MIB, 60_000, 'the first 2 MiB')
      viewer.play(Math.floor(32 * MIB * 0.7))
      cinema.runUntil(() => viewer.seance.waitsMs.length > 1, 60_000, 'the byte sought')
      const waitMs = viewer.seance.waitsMs[1] ?? 0
      const limitMs = 4 * ROUND_TRIP_MS + 1.3 * pieceMs(pieceSize)
      expectThat(waitMs <= limitMs, `a seek within ${limitMs} ms, not ${waitMs} (${pieceSize})`)
    }
  },
}

const staller: Scenario = {
  name: 'a staller and a liar at the head piece cost at most one piece time more',
  play: seed => {
    const pieceSize = MIB
    const bad = [{ stallsAt: () => true }, { liesAt: (piece: number) => piece === 0 }]
    const seeders = [...HOME.seeders, ...bad.map(each => ({ ...each, unchokeAfterMs: 20 }))]
    const cinema = new Cinema({ seed, fileSizes: [16 * MIB], pieceSize, ...HOME, seeders })
    const viewer = cinema.addViewer({ bytesPerSecond: 1e6 })
    viewer.play(0)
    cinema.runUntil(() => viewer.seance.waitsMs.length > 0, 60_000, 'the first byte')
    const waitMs = viewer.seance.waitsMs[0] ?? 0
    const limitMs = 5 * ROUND_TRIP_MS + 20 + 2.3 * pieceMs(pieceSize)
    expectThat(waitMs <= limitMs, `a start within ${limitMs} ms, not ${waitMs}`)
  },
}

const steady: Scenario = {
  name: 'at 90 % of the capacity the picture never stands still',
  play: seed => {
    const fileSizes = [32 * MIB]
    const cinema = new Cinema({ seed, fileSizes, pieceSize: 524_288, ...HOME })
    const viewer = cinema.addViewer({ bytesPerSecond: 3.6e6 })
    viewer.play(0)
    cinema.runUntil(() => viewer.isAtEnd, 120_000, 'the end of the film')
    expectThat(viewer.seance.stalls === 0, `no stall, not ${viewer.seance.stalls}`)
    const share = cinema.sentBytes / cinema.torrent.bytes.length
    expectThat(share <= 1.05, `at most 5 % of waste, not ${share}`)
  },
}

const seekStorm: Scenario = {
  name: 'a storm of seeks wastes little, and the last one is answered',
  play: seed => {
    const size = 32 * MIB
    const cinema = new Cinema({ seed, fileSizes: [size], pieceSize: 524_288, ...HOME })
    const viewer = cinema.addViewer({ bytesPerSecond: 1e6 })
    const luck = cinema.world.luck.fork()
    for (let count = 0; count < 30; count++) {
      cinema.world.plan(count * 200, () => viewer.play(luck.below(size - MIB)))
    }
    // The last seek comes after 29 x 200 ms; the waits before it are of no matter here.
    cinema.world.run(29 * 200 - 1)
    const before = viewer.seance.waitsMs.length
    cinema.runUntil(() => viewer.seance.waitsMs.length > before, 5000, 'the last seek')
    viewer.close()
    cinema.runToDone(120_000)
    cinema.checkWhole()
    const share = cinema.sentBytes / size
    expectThat(share <= 1.05, `at most 5 % of waste, not ${share}`)
  },
}

const several: Scenario = {
  name: 'three viewers at different places of two films are all served',
  play: seed => {
    const fileSizes = [24 * MIB, 24 * MIB]
    const cinema = new Cinema({ seed, fileSizes, pieceSize: 262_144, ...HOME })
    const viewers = [
      { file: 0, begin: 0 },
      { file: 0, begin: 12 * MIB },
      { file: 1, begin: 4 * MIB },
    ].map(({ file, begin }) => {
      const viewer = cinema.addViewer({ file, bytesPerSecond: 6e5 })
      viewer.play(begin)
      return viewer
    })
    cinema.runUntil(() => viewers.every(viewer => viewer.isAtEnd), 120_000, 'all ends')
    for (const { seance } of viewers) {
      expectThat((seance.waitsMs[0] ?? 0) < 1500, `a start within 1.5 s, not ${seance.waitsMs[0]}`)
      expectThat(seance.stalls === 0, `no stall, not ${seance.stalls}`)
    }
  },
}

const hostileSteady: Scenario = {
  name: 'with half of the peers hostile, 50 % of the capacity still plays, with at most 25 % of waste',
  play: seed => {
    const liesAt = (_: number, begin: number) => begin % 49_152 === 0
    const bad = [{ liesAt }, { stallsAt: (piece: number) => piece % 2 === 0 }, { cutsBlocksBy: 1 }]
    const cinema = new Cinema({
      seed,
      fileSizes: [32 * MIB],
      pieceSize: 524_288,
      ...HOME,
      seeders: [...HOME.seeders.slice(0, 3), ...bad],
    })
    const viewer = cinema.addViewer({ bytesPerSecond: 2e6 })
    viewer.play(0)
    cinema.runUntil(() => viewer.isAtEnd, 120_000, 'the end of the film')
    expectThat(
      viewer.seance.stalledMs < 3000,
      `at most 3 s of stalls, not ${viewer.seance.stalledMs}`,
    )
    const share = cinema.sentBytes / cinema.torrent.bytes.length
    expectThat(share <= 1.25, `at most 25 % of waste, not ${share}`)
  },
}

export const viewerScenarios: readonly Scenario[] = [
  start,
  seek,
  staller,
  steady,
  seekStorm,
  several,
  hostileSteady,
]
