// What a disk may do to a download: fill up, slow down, vanish, or come back torn.
import { Cinema } from '../cinema.ts'
import { expectThat, MIB, type Scenario } from './scenario.ts'

const FILM = { fileSizes: [8 * MIB], pieceSize: 131_072, seeders: [{}, {}, {}] }

const full: Scenario = {
  name: 'a full disk pauses the download with a word, and room lets it go on',
  play: seed => {
    const cinema = new Cinema({ seed, ...FILM, disk: { capacityBytes: 3 * MIB } })
    cinema.runUntil(
      () => cinema.problems.some(({ code }) => code === 'disk-full'),
      60_000,
      'the word',
    )
    cinema.world.run(cinema.world.nowMs + 20_000)
    expectThat(!cinema.isDone, 'no end without room')
    cinema.disk.capacityBytes = Number.POSITIVE_INFINITY
    cinema.runToDone(120_000)
    cinema.checkWhole()
  },
}

const lost: Scenario = {
  name: 'a disk that is pulled out and put back costs time and nothing else',
  play: seed => {
    const cinema = new Cinema({ seed, ...FILM })
    cinema.runUntil(() => cinema.status.verifiedBytes > 2 * MIB, 60_000, 'the first 2 MiB')
    cinema.disk.failure = 'lost'
    cinema.world.run(cinema.world.nowMs + 15_000)
    expectThat(!cinema.isDone, 'no end without a disk')
    cinema.disk.failure = undefined
    cinema.runToDone(120_000)
    cinema.checkWhole()
  },
}

const slow: Scenario = {
  name: 'a slow disk slows the requests, and memory stays bounded',
  play: seed => {
    const disk = { bytesPerSecond: 500_000, latencyMs: 30 }
    const cinema = new Cinema({ seed, ...FILM, disk })
    cinema.runToDone(120_000)
    cinema.checkWhole()
  },
}

function resumeAfter(how: 'killed' | 'power-loss'): (seed: number) => void {
  return seed => {
    const cinema = new Cinema({ seed, ...FILM, disk: { latencyMs: 5, bytesPerSecond: 20e6 } })
    const luck = cinema.world.luck.fork()
    let kills = 0
    while (!cinema.isDone && kills < 12) {
      const isDone = cinema.world.run(
        cinema.world.nowMs + luck.between(20, 900),
        () => cinema.isDone,
      )
      if (isDone) break
      cinema.kill(how)
      kills++
      cinema.start()
    }
    cinema.runToDone(120_000)
    cinema.checkWhole()
    if (how === 'killed') {
      // Each kill costs at most what was in flight: what 3 seeders had on the line or in open pieces.
      const extra = cinema.sentBytes - cinema.torrent.bytes.length
      expectThat(extra <= (kills + 1) * 4 * MIB, `few bytes fetched again, not ${extra}`)
    }
  }
}

export const diskScenarios: readonly Scenario[] = [
  full,
  lost,
  slow,
  { name: 'kill -9 again and again loses nothing that was verified', play: resumeAfter('killed') },
  {
    name: 'power losses that tear files never leave a wrong byte',
    play: resumeAfter('power-loss'),
  },
]
