import { expect, test } from 'vitest'
import type { Address } from '../src/core/bytes/index.ts'
import type { WorldInput } from '../src/core/world/index.ts'
import { EventHeap } from './heap.ts'
import { type Endpoint, type Link, Network, PLAIN_LINK } from './network.ts'
import { SeededLuck } from './random.ts'

interface Arrival {
  readonly atMs: number
  readonly input: WorldInput
}

class Probe implements Endpoint {
  isOn = true
  isListening = true
  readonly arrivals: Arrival[] = []
  readonly #now: () => number
  #accepted = 0

  constructor(now: () => number) {
    this.#now = now
  }

  deliver(input: WorldInput): void {
    this.arrivals.push({ atMs: this.#now(), input })
  }

  nextAccepted(): number {
    this.#accepted += 2
    return this.#accepted
  }

  kinds(): string[] {
    return this.arrivals.map(arrival => arrival.input.kind)
  }
}

const ALICE: Address = { ip: Uint8Array.of(10, 0, 0, 1), port: 1000 }
const BOB: Address = { ip: Uint8Array.of(10, 0, 1, 1), port: 1000 }

function twoHosts(options: { seed?: number; alice?: Partial<Link>; bob?: Partial<Link> } = {}) {
  const heap = new EventHeap()
  let nowMs = 0
  const network = new Network(heap, () => nowMs)
  const luck = new SeededLuck(options.seed ?? 1)
  const alice = new Probe(() => nowMs)
  const bob = new Probe(() => nowMs)
  network.attach(ALICE, { ...PLAIN_LINK, ...options.alice }, luck.fork(), alice)
  network.attach(BOB, { ...PLAIN_LINK, ...options.bob }, luck.fork(), bob)
  const run = (untilMs = 60_000) => {
    for (let event = heap.take(); event !== undefined; event = heap.take()) {
      if (event.atMs > untilMs) break
      nowMs = event.atMs
      event.run()
    }
  }
  return { network, alice, bob, run }
}

test('a datagram arrives after both delays', () => {
  const { network, bob, run } = twoHosts({ alice: { delayMs: 10 }, bob: { delayMs: 30 } })
  network.sendUdp(ALICE, BOB, new Uint8Array(60))
  run()
  expect(bob.kinds()).toEqual(['udp-data'])
  expect(bob.arrivals[0]?.atMs).toBeCloseTo(40.025, 3)
})

test('a lossy link loses about the share of datagrams that it says', () => {
  const fast = { upBytesPerSecond: 1e9, downBytesPerSecond: 1e9 }
  const { network, bob, run } = twoHosts({ alice: { loss: 0.3, ...fast }, bob: fast })
  for (let count = 0; count < 2000; count++) network.sendUdp(ALICE, BOB, new Uint8Array(8))
  run()
  expect(bob.arrivals.length).toBeGreaterThan(1300)
  expect(bob.arrivals.length).toBeLessThan(1500)
})

test('TCP bytes arrive in order and at the rate of the slower line', () => {
  const { network, bob, run } = twoHosts({
    alice: { loss: 0.05 },
    bob: { downBytesPerSecond: 1e6 },
  })
  network.dial(ALICE, 1, BOB, 5000)
  run(100)
  const sent = new Uint8Array(500_000).map((_, index) => index % 251)
  network.sendTcp(ALICE, 1, sent)
  run()
  const runs = bob.arrivals.filter(({ input }) => input.kind === 'tcp-data')
  const received = runs.flatMap(({ input }) => (input.kind === 'tcp-data' ? [...input.bytes] : []))
  expect(received).toEqual([...sent])
  expect(runs.at(-1)?.atMs).toBeGreaterThan(500)
})

test('nobody gets behind a NAT who was not written to first', () => {
  const { network, alice, bob, run } = twoHosts({ bob: { isBehindNat: true } })
  network.dial(ALICE, 1, BOB, 3000)
  network.sendUdp(ALICE, BOB, Uint8Array.of(1))
  run()
  expect(bob.kinds()).toEqual([])
  expect(alice.kinds()).toEqual(['tcp-closed'])
  network.sendUdp(BOB, ALICE, Uint8Array.of(2))
  network.sendUdp(ALICE, BOB, Uint8Array.of(3))
  run(120_000)
  expect(bob.kinds()).toEqual(['udp-data'])
})

test('a partition keeps islands apart until it heals', () => {
  const { network, bob, run } = twoHosts()
  network.partition(ip => (ip.startsWith('10.0.0.') ? 1 : 2))
  network.sendUdp(ALICE, BOB, Uint8Array.of(1))
  run()
  expect(bob.arrivals).toEqual([])
  network.heal()
  network.sendUdp(ALICE, BOB, Uint8Array.of(2))
  run(120_000)
  expect(bob.kinds()).toEqual(['udp-data'])
})

test('what was sent before a close arrives before the close', () => {
  const { network, bob, run } = twoHosts()
  network.dial(ALICE, 1, BOB, 5000)
  run(100)
  network.sendTcp(ALICE, 1, new Uint8Array(100_000))
  network.close(ALICE, 1)
  run()
  const sizes = bob.arrivals.map(({ input }) =>
    input.kind === 'tcp-data' ? input.bytes.length : 0,
  )
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100_000)
  expect(bob.kinds().at(-1)).toBe('tcp-closed')
})
