import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { Choker } from './choker.ts'
import type { Peer } from './peer.ts'

/** As much of a peer as the choker looks at. */
function peerOf(rate: { down?: number; up?: number }, isInterested = true): Peer {
  const meter = (bytesPerSecond = 0) => ({ bytesPerSecond: () => bytesPerSecond })
  return { phase: 'open', isInterested, down: meter(rate.down), up: meter(rate.up) } as never
}

test('those that give most are unchoked, and one more in turn', () => {
  const choker = new Choker(new SeededLuck(1))
  const peers = Array.from({ length: 20 }, (_, index) => peerOf({ down: index }))
  const chosen = choker.choose(0, peers, false)
  expect(chosen.size).toBe(8)
  for (const generous of peers.slice(-7)) expect(chosen.has(generous)).toBe(true)
})

test('a seeder unchokes those that take fastest', () => {
  const choker = new Choker(new SeededLuck(1))
  const peers = Array.from({ length: 20 }, (_, index) => peerOf({ up: index, down: 20 - index }))
  const chosen = choker.choose(0, peers, true)
  for (const fast of peers.slice(-7)) expect(chosen.has(fast)).toBe(true)
})

test('the one in turn stays for half a minute, and everybody has a turn some day', () => {
  const choker = new Choker(new SeededLuck(1))
  const peers = Array.from({ length: 10 }, (_, index) => peerOf({ down: index }))
  const inTurn = (nowMs: number) => {
    const chosen = choker.choose(nowMs, peers, false)
    return peers.slice(0, 3).find(peer => chosen.has(peer))
  }
  const first = inTurn(0)
  expect(inTurn(10_000)).toBe(first)
  expect(inTurn(29_999)).toBe(first)
  const seen = new Set(Array.from({ length: 40 }, (_, turn) => inTurn(30_000 * (turn + 1))))
  expect(seen.size).toBe(3)
})

test('who is not interested is not unchoked', () => {
  const choker = new Choker(new SeededLuck(1))
  expect(choker.choose(0, [peerOf({ down: 9 }, false)], false).size).toBe(0)
})
