import { describe, expect, test } from 'vitest'
import {
  type PeerPlan,
  PickerSimulation,
  type SimulationOptions,
  VirtualViewer,
} from '../../../test/support/picker-simulation.ts'
import { BitField } from '../bytes/index.ts'
import { layoutOf } from './layout.ts'
import { Picker } from './picker.ts'
import { Pipeline } from './pipeline.ts'

const KIB = 1024
const MIB = 1024 * KIB
/** 32 Mbit/s: the link of issue 2. */
const LINK = 4_000_000
const ROUND_TRIP_MS = 50

const seeders = (count: number, plan: Partial<PeerPlan> = {}): PeerPlan[] =>
  Array.from({ length: count }, () => ({ roundTripMs: ROUND_TRIP_MS, ...plan }))

/** A film of 256 MiB behind the link, watched from its start. */
function watch(options: { pieceBytes: number; peers: PeerPlan[]; bytesPerSecond?: number }) {
  const size = 256 * MIB
  const { pieceBytes, peers, bytesPerSecond = LINK / 2 } = options
  const simulation = new PickerSimulation({
    pieceBytes,
    totalBytes: size,
    linkBytesPerSecond: LINK,
    bansLiars: true,
    peers,
  })
  const viewer = new VirtualViewer(simulation, { key: 1, pieceBytes, size, bytesPerSecond })
  viewer.seek(0)
  return { simulation, viewer, size, pieceMs: (pieceBytes * 1000) / LINK }
}

describe('behind a 32 Mbit/s link, 50 ms from five seeders', () => {
  const sizes = [256 * KIB, MIB, 8 * MIB]

  test.each(sizes)('a start takes two round trips and 1.1 pieces of %i at most', pieceBytes => {
    const { simulation, viewer, pieceMs } = watch({ pieceBytes, peers: seeders(5) })
    simulation.run(60_000, () => viewer.waitsMs.length === 1)
    expect(viewer.waitsMs[0]).toBeLessThan(2 * ROUND_TRIP_MS + 1.1 * pieceMs)
  })

  test.each(sizes)('a seek takes three round trips and 1.3 pieces of %i at most', pieceBytes => {
    for (const seekAtMs of [1000, 3000, 8000]) {
      const { simulation, viewer, size, pieceMs } = watch({ pieceBytes, peers: seeders(5) })
      const starts = pieceBytes > 4 * MIB && seekAtMs < 3000 ? 0 : 1
      simulation.at(seekAtMs, () => viewer.seek(0.7 * size))
      simulation.run(60_000, () => viewer.waitsMs.length > starts)
      expect(viewer.waitsMs.at(-1)).toBeLessThan(3 * ROUND_TRIP_MS + 1.3 * pieceMs)
    }
  })

  test('one peer alone is asked for the head piece without a gap', () => {
    const { simulation, viewer, pieceMs } = watch({ pieceBytes: MIB, peers: seeders(1) })
    simulation.run(60_000, () => viewer.waitsMs.length === 1)
    expect(viewer.waitsMs[0]).toBeLessThan(4 * ROUND_TRIP_MS + 1.3 * pieceMs)
  })

  test('a staller in the head piece costs one piece and two round trips more at most', () => {
    const staller = { roundTripMs: ROUND_TRIP_MS, stallsAfter: 2 }
    const { simulation, viewer, pieceMs } = watch({
      pieceBytes: MIB,
      peers: [staller, ...seeders(5)],
    })
    simulation.run(60_000, () => viewer.waitsMs.length === 1)
    expect(viewer.waitsMs[0]).toBeLessThan(4 * ROUND_TRIP_MS + 2 * pieceMs)
  })

  test('a staller and a liar cost two pieces at most, and only the liar is banned', () => {
    const staller = { roundTripMs: ROUND_TRIP_MS, stallsAfter: 2 }
    const liar = { roundTripMs: ROUND_TRIP_MS, lies: 1 }
    const { simulation, viewer, pieceMs } = watch({
      pieceBytes: MIB,
      peers: [staller, liar, ...seeders(5)],
    })
    simulation.run(60_000, () => viewer.waitsMs.length === 1)
    expect(viewer.waitsMs[0]).toBeLessThan(5 * ROUND_TRIP_MS + 3 * pieceMs)
    expect(simulation.banned).toEqual([1])
  })

  test('at 90 % of the capacity there is no stall in ten minutes, and no waste', () => {
    const pieceBytes = MIB
    const size = 2400 * MIB
    const simulation = new PickerSimulation({
      pieceBytes,
      totalBytes: size,
      linkBytesPerSecond: LINK,
      peers: seeders(5),
    })
    simulation.isChecked = false
    const viewer = new VirtualViewer(simulation, {
      key: 1,
      pieceBytes,
      size,
      bytesPerSecond: LINK * 0.9,
    })
    viewer.seek(0)
    simulation.run(600_000)
    expect(viewer.position).toBeGreaterThan(0.89 * LINK * 600)
    expect(viewer.stalls).toBe(0)
    expect(simulation.wastedPart).toBeLessThan(0.01)
  })

  test('a storm of seeks wastes less than 5 %', () => {
    const { simulation, viewer, size } = watch({ pieceBytes: MIB, peers: seeders(5) })
    for (let count = 1; count <= 50; count++) {
      simulation.at(count * 300, () => viewer.seek(simulation.luck.below(size - MIB)))
    }
    simulation.run(20_000)
    expect(simulation.wastedPart).toBeLessThan(0.05)
    expect(viewer.waitsMs.at(-1)).toBeLessThan(4 * ROUND_TRIP_MS + 1.3 * 262)
  })

  test('two viewers get the same share', () => {
    const { simulation, viewer, size } = watch({
      pieceBytes: MIB,
      peers: seeders(5),
      bytesPerSecond: LINK,
    })
    const other = new VirtualViewer(simulation, {
      key: 2,
      pieceBytes: MIB,
      size,
      bytesPerSecond: LINK,
    })
    other.seek(size / 2)
    simulation.run(30_000)
    const played = [viewer.position, other.position - size / 2]
    expect(Math.min(...played) / Math.max(...played)).toBeGreaterThan(0.9)
  })

  test('slow peers do not hold up the viewer', () => {
    const rates = [10_000, 20_000, 50_000, 100_000, 1_000_000, 2_000_000]
    const peers = rates.map(bytesPerSecond => ({ roundTripMs: 80, bytesPerSecond }))
    const { simulation, viewer } = watch({ pieceBytes: MIB, peers, bytesPerSecond: 2_500_000 })
    simulation.run(60_000)
    expect(viewer.waitsMs[0]).toBeLessThan(1000)
    expect(viewer.stalledMs).toBeLessThan(1000)
  })
})

/** Downloads 32 MiB without a viewer; the simulation checks its properties after every step. */
function download(options: Partial<SimulationOptions>): PickerSimulation {
  const simulation = new PickerSimulation({
    pieceBytes: 256 * KIB,
    totalBytes: 32 * MIB,
    linkBytesPerSecond: LINK,
    bansLiars: true,
    peers: seeders(5),
    ...options,
  })
  simulation.run(600_000, () => simulation.isDone)
  expect(simulation.isDone).toBe(true)
  return simulation
}

/** What 32 MiB take on the link. */
const IDEAL_MS = (32 * MIB * 1000) / LINK

describe('whatever the peers are like, everything comes and little is wasted', () => {
  test('five seeders fill the link and nothing is wasted', () => {
    const { nowMs, wastedPart } = download({})
    expect(nowMs).toBeLessThan(IDEAL_MS * 1.02)
    expect(wastedPart).toBe(0)
  })

  test('peers of very different speed add up, and the slowest does not keep the last piece', () => {
    const rates = [10_000, 50_000, 200_000, 1_000_000, 3_000_000]
    const peers = rates.map(bytesPerSecond => ({ roundTripMs: 80, bytesPerSecond }))
    const { nowMs, wastedPart } = download({ peers, linkBytesPerSecond: 100_000_000 })
    expect(nowMs).toBeLessThan(IDEAL_MS * 1.1)
    expect(wastedPart).toBeLessThan(0.01)
  })

  test('half of the peers stall, and the link stays full', () => {
    const { nowMs } = download({ peers: [...seeders(5), ...seeders(5, { stallsAfter: 5 })] })
    expect(nowMs).toBeLessThan(IDEAL_MS * 1.02)
  })

  test.each([true, false])('choke storms waste nothing (fast extension: %s)', isFast => {
    const chokes = { openMs: 300, shutMs: 500 }
    expect(download({ peers: seeders(10, { isFast, chokes }) }).wastedPart).toBeLessThan(0.05)
  })

  test('peers with a quarter of the pieces each do as well as seeders', () => {
    const peers = [0, 1, 2, 3, 4, 5, 6, 7].map(peer => ({
      roundTripMs: ROUND_TRIP_MS,
      has: (piece: number) => piece % 8 === peer || piece % 8 === (peer + 1) % 8,
    }))
    expect(download({ peers }).nowMs).toBeLessThan(IDEAL_MS * 1.05)
  })

  test('answers out of order are not taken for late', () => {
    expect(download({ peers: seeders(5, { shuffles: 5 }) }).wastedPart).toBeLessThan(0.005)
  })

  test('peers that leave take nothing with them', () => {
    const peers = [300, 700, 1500, 3000].map(leavesAtMs => ({
      roundTripMs: ROUND_TRIP_MS,
      leavesAtMs,
    }))
    expect(download({ peers: [...peers, ...seeders(1)] }).wastedPart).toBe(0)
  })

  test.each([1, 0.2])(
    'half of the peers lie in part %f of their blocks, and little is wasted',
    lies => {
      const { banned, wastedPart } = download({ peers: [...seeders(10), ...seeders(10, { lies })] })
      expect([...banned].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
      expect(wastedPart).toBeLessThan(0.25)
    },
  )

  test('with many seeds the properties hold', () => {
    for (let seed = 1; seed <= 10; seed++) {
      download({
        seed,
        totalBytes: 8 * MIB - 5,
        peers: [
          ...seeders(2, { shuffles: 3 }),
          ...seeders(2, { chokes: { openMs: 200, shutMs: 300 } }),
          ...seeders(1, { stallsAfter: 7 }),
          ...seeders(1, { lies: 0.3 }),
          ...seeders(1, { bytesPerSecond: 20_000 }),
          ...seeders(1, { leavesAtMs: 900 }),
        ],
      })
    }
  })
})

/** A picker of 8 pieces of 4 blocks with one unchoked seeder, who takes whatever it is given. */
function small(options: { peers?: number; openPiecesMax?: number; stored?: BitField } = {}) {
  const { peers = 1, openPiecesMax = 8, stored } = options
  const layout = layoutOf({ pieceBytes: 64 * KIB, totalBytes: 8 * 64 * KIB })
  const picker = new Picker({ layout, openPiecesMax, ...(stored === undefined ? {} : { stored }) })
  for (let slot = 0; slot < peers; slot++) {
    const link = new Pipeline()
    link.noteRoundTrip(10)
    picker.peerJoined(slot, link)
    picker.peerHasAll(slot)
    picker.unchoked(slot)
  }
  const out = new Int32Array(64)
  const pick = (nowMs: number, slot: number, room: number) =>
    Array.from(out.subarray(0, picker.pick(nowMs, slot, room, out)))
  return { picker, pick }
}

describe('a picker', () => {
  test('asks a single seeder in order', () => {
    const { pick } = small()
    expect(pick(0, 0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('asks nothing of a peer that chokes, but for its allowed fast pieces', () => {
    const { picker, pick } = small()
    picker.choked(0)
    expect(pick(0, 0, 10)).toEqual([])
    picker.allowedFast(0, 3)
    expect(pick(0, 0, 10)).toEqual([12, 13, 14, 15])
  })

  test('asks for no more pieces than there are buffers, until one is stored', () => {
    const { picker, pick } = small({ openPiecesMax: 3 })
    const asked = pick(0, 0, 64)
    expect(asked.length).toBe(8)
    for (const block of asked) picker.received(1, 0, block)
    expect(pick(2, 0, 64)).toEqual([])
    picker.pieceHashed(0, true)
    expect(pick(2, 0, 64)).toEqual([])
    picker.pieceStored(0)
    expect(picker.isWorkSpread).toBe(true)
    expect(pick(3, 0, 64)).toEqual([8, 9, 10, 11])
  })

  test('tells what became of a block', () => {
    const { picker, pick } = small()
    pick(0, 0, 4)
    expect(picker.received(1, 0, 20)).toBe('unasked')
    expect([0, 1, 2].map(block => picker.received(1, 0, block))).toEqual(Array(3).fill('accepted'))
    expect(picker.received(1, 0, 0)).toBe('unasked')
    expect(picker.received(1, 0, 3)).toBe('completes')
    expect(picker.stateOf(0)).toBe('hashing')
  })

  test('still takes a block whose request a choke has dropped', () => {
    const { picker, pick } = small()
    pick(0, 0, 2)
    picker.choked(0)
    expect(picker.outstandingOf(0)).toBe(0)
    expect(picker.isExpected(0, 1)).toBe(true)
    expect(picker.received(1, 0, 1)).toBe('accepted')
    expect(picker.received(1, 0, 1)).toBe('unasked')
  })

  test('cancels what lies elsewhere when a viewer jumps', () => {
    const { picker, pick } = small()
    pick(0, 0, 8)
    const file = { begin: 0, size: 8 * 64 * KIB }
    picker.readStarted(1, { viewer: 1, request: 1, file, begin: 0, size: 64 * KIB })
    expect(picker.cancels.count).toBe(0)
    expect(picker.hasWindows).toBe(true)
    picker.viewerLeft(2, 1)
    expect(picker.hasWindows).toBe(false)
  })

  test('gives up a piece in flight when nobody wants it any more', () => {
    const { picker, pick } = small()
    pick(0, 0, 2)
    const wanted = new BitField(8)
    wanted.add(5)
    picker.setWanted(wanted)
    expect(picker.cancels.count).toBe(2)
    expect(Array.from(picker.closedPieces.pieces.subarray(0, picker.closedPieces.count))).toEqual([
      0,
    ])
    expect(pick(1, 0, 64)).toEqual([20, 21, 22, 23])
  })

  test('asks nothing outside of windows under a ceiling', () => {
    const { picker, pick } = small()
    picker.setWindowsOnly(true)
    expect(pick(0, 0, 8)).toEqual([])
    const file = { begin: 4 * 64 * KIB, size: 64 * KIB }
    picker.readStarted(0, { viewer: 1, request: 1, file, begin: 0, size: 64 * KIB })
    expect(pick(0, 0, 8)).toEqual([16, 17, 18, 19])
  })

  test('fetches a bad piece from others than before, then from one peer alone', () => {
    const { picker, pick } = small({ peers: 2 })
    const fetch = (slot: number, blocks: number[]) => {
      for (const block of blocks) picker.received(1, slot, block)
    }
    fetch(0, pick(0, 0, 4))
    picker.pieceHashed(0, false)
    expect(pick(1, 0, 4)).not.toContain(0)
    fetch(1, pick(1, 1, 4))
    expect(picker.stateOf(0)).toBe('hashing')
    picker.pieceHashed(0, false, 1)
    expect(pick(2, 0, 8)).not.toContain(0)
    expect(pick(2, 1, 4)).toEqual([0, 1, 2, 3])
  })

  test('leaves a peer that refuses alone for a while, and longer each time', () => {
    const { picker, pick } = small()
    for (const block of pick(0, 0, 1)) picker.rejected(0, 0, block)
    expect(pick(100, 0, 1)).toEqual([])
    expect(picker.wakeAtMs).toBeLessThanOrEqual(250)
    for (const block of pick(260, 0, 1)) picker.rejected(260, 0, block)
    expect(pick(600, 0, 1)).toEqual([])
    expect(pick(800, 0, 1)).toEqual([0])
  })

  test('takes an urgent block from a peer that sends nothing for two seconds', () => {
    const { picker, pick } = small({ peers: 2 })
    const file = { begin: 0, size: 8 * 64 * KIB }
    picker.readStarted(0, { viewer: 1, request: 1, file, begin: 0, size: 64 * KIB })
    expect(pick(0, 0, 4)).toEqual([0, 1, 4, 5])
    picker.wake(2001)
    expect(picker.isStalled(0)).toBe(true)
    expect(picker.cancels.count).toBe(4)
    expect(pick(2001, 1, 4)).toEqual([0, 1, 2, 3])
  })

  test('knows what was on the disk before, and what is found there later', () => {
    const stored = new BitField(8)
    for (const piece of [0, 1, 2]) stored.add(piece)
    const { picker, pick } = small({ stored })
    picker.pieceStored(3)
    expect(pick(0, 0, 4)).toEqual([16, 17, 18, 19])
    for (let piece = 4; piece < 8; piece++) expect(picker.isInteresting(0)).toBe(true)
  })

  test('asks again for what the disk has lost', () => {
    const stored = new BitField(8)
    stored.fill()
    const { picker, pick } = small({ stored })
    expect(picker.isInteresting(0)).toBe(false)
    picker.pieceLost(6)
    expect(picker.isInteresting(0)).toBe(true)
    expect(pick(0, 0, 8)).toEqual([24, 25, 26, 27])
  })
})
