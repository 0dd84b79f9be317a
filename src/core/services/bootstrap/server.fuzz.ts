// Random and mutated datagrams at full speed: nothing is thrown, nothing grows beyond its limit, and no
// answer is larger than it may be. `FUZZ_SECONDS` says for how long.
import { expect, test } from 'vitest'
import {
  findNode,
  ip4,
  live,
  pongTo,
  seededLuck,
  speakerAt,
  testServer,
} from '../../../../test/support/bootstrap.ts'

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 20)
const SEED = Number(process.env.FUZZ_SEED ?? 1)

test(`whatever arrives for ${SECONDS} s, the server stands (seed ${SEED})`, () => {
  const luck = seededLuck(SEED)
  const server = testServer({ waitingMax: 20_000, nodesMax: 20_000, probationMs: 1000 })
  const seeds = [...Array(40).keys()].map(number => findNode(speakerAt(ip4(number))))
  const end = performance.now() + SECONDS * 1000
  const baseline: number[] = []
  let nowMs = 0
  let datagrams = 0
  let answered = 0
  /** By how many bytes an answer was larger than it may be. */
  let excess = Number.NEGATIVE_INFINITY
  while (performance.now() < end) {
    for (let round = 0; round < 20_000; round++) {
      const seed = seeds[luck.below(seeds.length)] as Uint8Array
      const bytes = mutated(seed, luck)
      const from = { ip: ip4(luck.below(60_000), 1 + luck.below(3)), port: luck.below(65_536) }
      server.step(nowMs, { kind: 'udp-data', from, bytes })
      for (const send of server.drain()) {
        answered++
        excess = Math.max(excess, send.bytes.length - Math.max(bytes.length * 3, 560))
      }
      nowMs += 0.05
      datagrams++
    }
    live(server, nowMs, (ip, port) =>
      (ip[2] as number) % 2 === 0 ? speakerAt(ip, port) : undefined,
    )
    expect(server.waiting(4)).toBeLessThanOrEqual(20_000)
    expect(server.ring(4).count).toBeLessThanOrEqual(20_000)
    baseline.push(process.memoryUsage().rss)
  }
  // After the first third the tables are full: from there on memory must stand.
  const settled = baseline[Math.floor(baseline.length / 3)] as number
  const last = baseline[baseline.length - 1] as number
  console.log(
    `${datagrams} datagrams, ${answered} answers, ${server.ring(4).count} nodes, RSS ${settled >> 20} -> ${last >> 20} MiB`,
  )
  expect(excess).toBeLessThanOrEqual(0)
  expect(answered).toBeGreaterThan(datagrams / 100)
  expect(server.ring(4).count).toBeGreaterThan(100)
  expect(last - settled).toBeLessThan(64 * 2 ** 20)
})

/** `seed` with some bytes changed, cut, doubled, or replaced by noise. */
function mutated(seed: Uint8Array, luck: ReturnType<typeof seededLuck>): Uint8Array {
  if (luck.below(4) === 0) return seed
  if (luck.below(10) === 0) return luck.bytes(luck.below(200))
  if (luck.below(20) === 0) return pongTo(findNode(speakerAt(ip4(1))), speakerAt(ip4(1)))
  const bytes = seed.slice(0, luck.below(8) === 0 ? luck.below(seed.length) : seed.length)
  for (let change = luck.below(4); change > 0 && bytes.length > 0; change--) {
    const at = luck.below(bytes.length)
    if (luck.below(3) > 0) bytes[at] = luck.below(256)
    else bytes.copyWithin(at, luck.below(bytes.length), luck.below(bytes.length))
  }
  return bytes
}
