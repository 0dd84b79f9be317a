// Peers good and bad: dead, lying, stalling, choking, leaving, talking nonsense.
import { Cinema, type SeederOptions } from '../cinema.ts'
import { expectThat, MIB, type Scenario } from './scenario.ts'

const FILM = { fileSizes: [6 * MIB], pieceSize: 262_144 }

const honest = (count: number): SeederOptions[] => Array.from({ length: count }, () => ({}))

/** How many bytes of blocks came for each byte of the torrent. */
const sentShare = (cinema: Cinema) => cinema.sentBytes / cinema.torrent.bytes.length

function playToEnd(cinema: Cinema, limitMs = 120_000): Cinema {
  cinema.runToDone(limitMs)
  cinema.checkWhole()
  return cinema
}

const happy: Scenario = {
  name: 'five honest seeders give the whole film, and nothing twice',
  play: seed => {
    const cinema = playToEnd(new Cinema({ seed, ...FILM, seeders: honest(5) }))
    expectThat(sentShare(cinema) <= 1.05, `at most 5 % of waste, not ${sentShare(cinema)}`)
  },
}

const dead: Scenario = {
  name: 'a third of the addresses are dead, and the film comes all the same',
  play: seed => {
    playToEnd(new Cinema({ seed, ...FILM, seeders: honest(7), deadAddresses: 3 }))
  },
}

const partial: Scenario = {
  name: 'no peer has everything, and together they do',
  play: seed => {
    const seeders = [0, 1, 2].map(third => ({ has: (piece: number) => piece % 3 !== third }))
    playToEnd(new Cinema({ seed, ...FILM, seeders }))
  },
}

const noFast: Scenario = {
  name: 'peers without the fast extension choke in mid-stream, and no block is lost',
  play: seed => {
    const seeder = { hasFast: false, chokes: { everyMs: 400, forMs: 300 } }
    playToEnd(new Cinema({ seed, ...FILM, seeders: [seeder, seeder, seeder] }))
  },
}

const chokeStorm: Scenario = {
  name: 'a choke storm on every peer slows the film and does not stop it',
  play: seed => {
    const seeder = { chokes: { everyMs: 250, forMs: 750 } }
    const cinema = playToEnd(
      new Cinema({ seed, ...FILM, seeders: [seeder, seeder, seeder, seeder] }),
    )
    expectThat(sentShare(cinema) <= 1.1, `at most 10 % of waste, not ${sentShare(cinema)}`)
  },
}

const liars: Scenario = {
  name: 'half of the peers send bad blocks: they are banned, the honest ones are not',
  play: seed => {
    const liesAt = (piece: number, begin: number) => (piece + begin / 16_384) % 5 === 0
    const cinema = new Cinema({
      seed,
      ...FILM,
      seeders: [...honest(3), { liesAt }, { liesAt }, { liesAt }],
    })
    playToEnd(cinema)
    const banned = cinema.notices.filter(
      notice => notice.kind === 'peer' && notice.state === 'banned',
    )
    const lastBytes = banned.map(notice =>
      notice.kind === 'peer' ? notice.address.ip.join('.') : '',
    )
    for (const honestIp of ['10.0.10.1', '10.0.11.1', '10.0.12.1']) {
      expectThat(!lastBytes.includes(honestIp), `${honestIp}, who is honest, not to be banned`)
    }
    expectThat(banned.length >= 1, 'a liar to be banned')
    expectThat(sentShare(cinema) <= 1.25, `at most 25 % of waste, not ${sentShare(cinema)}`)
  },
}

const badMetadata: Scenario = {
  name: 'bad metadata is found out and fetched again from others',
  play: seed => {
    const liar = { liesInMetadata: true, unchokeAfterMs: 1 }
    playToEnd(new Cinema({ seed, ...FILM, seeders: [liar, liar, ...honest(2)] }))
  },
}

const wrongLengths: Scenario = {
  name: 'blocks of another length than asked for are refused, and others fill in',
  play: seed => {
    playToEnd(new Cinema({ seed, ...FILM, seeders: [{ cutsBlocksBy: 7 }, ...honest(2)] }))
  },
}

const stallers: Scenario = {
  name: 'a dripping and a silent peer do not hold the head of the file back',
  play: seed => {
    const link = { upBytesPerSecond: 60_000 }
    const slow = { link, unchokeAfterMs: 1_000 }
    const drip = { dripsBytes: 100 }
    const silent = { stallsAt: () => true }
    const cinema = new Cinema({
      seed,
      ...FILM,
      hasTorrentFile: true,
      seeders: [drip, silent, slow, slow],
    })
    const isHeadHere = () => cinema.status.contiguousBytes >= MIB
    cinema.runUntil(isHeadHere, 30_000, 'the first MiB without a gap')
    playToEnd(cinema, 300_000)
  },
}

const garbage: Scenario = {
  name: 'a peer that talks nonsense is hung up on, and the film goes on',
  play: seed => {
    playToEnd(new Cinema({ seed, ...FILM, seeders: [{ garbageAfterMs: 200 }, ...honest(2)] }))
  },
}

const leavers: Scenario = {
  name: 'peers come and go all the time, and the film comes',
  play: seed => {
    const seeders = [300, 450, 700, 1100].map(leavesAfterMs => ({ leavesAfterMs }))
    playToEnd(new Cinema({ seed, ...FILM, seeders: [...seeders, ...honest(1)] }), 300_000)
  },
}

const lossy: Scenario = {
  name: 'slow, lossy and far-away lines: the film comes, without waste',
  play: seed => {
    const link = { delayMs: 80, loss: 0.03, upBytesPerSecond: 400_000 }
    const cinema = playToEnd(
      new Cinema({ seed, ...FILM, seeders: Array.from({ length: 5 }, () => ({ link })) }),
      300_000,
    )
    expectThat(sentShare(cinema) <= 1.05, `at most 5 % of waste, not ${sentShare(cinema)}`)
  },
}

const partition: Scenario = {
  name: 'the network breaks for ten seconds and heals, and the download goes on',
  play: seed => {
    const cinema = new Cinema({ seed, ...FILM, seeders: honest(3) })
    cinema.runUntil(() => cinema.status.verifiedBytes > MIB, 30_000, 'the first MiB')
    cinema.world.network.partition(ip => (ip === '10.0.1.1' ? 1 : 2))
    cinema.world.run(cinema.world.nowMs + 10_000)
    cinema.world.network.heal()
    playToEnd(cinema, 300_000)
  },
}

const natted: Scenario = {
  name: 'a client behind a NAT, with seeders some of which are behind one too',
  play: seed => {
    const link = { isBehindNat: true }
    const seeders = [{}, { link }, {}, { link }]
    playToEnd(new Cinema({ seed, ...FILM, seeders, clientLink: link }))
  },
}

export const peerScenarios: readonly Scenario[] = [
  happy,
  dead,
  partial,
  noFast,
  chokeStorm,
  liars,
  badMetadata,
  wrongLengths,
  stallers,
  garbage,
  leavers,
  lossy,
  partition,
  natted,
]
