import { expect, test } from 'vitest'
import { ip4, ip6, nodeAt, seededLuck } from '../../../../test/support/bootstrap.ts'
import { formatAddress } from '../../bytes/index.ts'
import { KeyedHash } from './keyed-hash.ts'
import { NONE } from './node-store.ts'
import { NodeRing, type RingOptions } from './ring.ts'
import {
  LEVEL_MAX,
  OVERDUE_LIMIT_TICKS,
  PINGS_IN_VAIN_MAX,
  PONG_WAIT_TICKS,
  RECHECK_MAX_TICKS,
  RECHECK_TICKS,
} from './schedule.ts'

const NOW = 1_000_000
/** From the first pong of a node to its next ping. */
const FIRST_WAIT = RECHECK_TICKS[0] as number

const newRing = (options: Partial<RingOptions> = {}): NodeRing =>
  new NodeRing({
    ipSize: 4,
    answerSize: 16,
    nodesMax: 1_000_000,
    perNetworkMax: 8,
    hash: KeyedHash.from(seededLuck(5)),
    ...options,
  })

/** The endpoints of the next page, as text. */
function handOut(ring: NodeRing, limit?: number): string[] {
  const bytes = new Uint8Array(2048)
  const { nodeSize, ipSize } = ring.store
  const count = ring.copyPage(ring.nextPage(), bytes, 0, limit)
  return Array.from({ length: count }, (_, index) => {
    const at = index * nodeSize + 20
    const ip = bytes.slice(at, at + ipSize)
    const portAt = at + ipSize
    const port = ((bytes[portAt] as number) << 8) | (bytes[portAt + 1] as number)
    return formatAddress({ ip, port })
  })
}

function fill(ring: NodeRing, count: number, now = NOW): void {
  const ip = ring.store.ipSize === 4 ? ip4 : ip6
  for (let number = 0; number < count; number++) ring.verify(now, nodeAt(ip(number)))
}

test.each([4, 16] as const)(
  'over a cycle each node of a ring is named once (IPs of %i bytes)',
  ipSize => {
    const ring = newRing({ ipSize })
    fill(ring, 1600)
    const named = Array.from({ length: 100 }, () => handOut(ring)).flat()
    expect(named.length).toBe(1600)
    expect(new Set(named).size).toBe(1600)
  },
)

test('a ring that does not fill its pages names all nodes equally often', () => {
  const ring = newRing()
  fill(ring, 1003)
  const counts = new Map<string, number>()
  const answers = 63 * 200
  for (let answer = 0; answer < answers; answer++) {
    const named = handOut(ring)
    expect(new Set(named).size).toBe(16)
    for (const node of named) counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  const expected = (answers * 16) / 1003
  const chiSquared = [...counts.values()].reduce(
    (sum, count) => sum + (count - expected) ** 2 / expected,
    0,
  )
  expect(counts.size).toBe(1003)
  // 1002 degrees of freedom: p > 0.01 is below 1109.
  expect(chiSquared).toBeLessThan(1109)
})

test('where only a part of a page is asked for, its last nodes are named as often as its first', () => {
  const ring = newRing()
  fill(ring, 160)
  const counts = new Map<string, number>()
  for (let answer = 0; answer < 10 * 400; answer++) {
    for (const node of handOut(ring, 5)) counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  const expected = (10 * 400 * 5) / 160
  const chiSquared = [...counts.values()].reduce(
    (sum, count) => sum + (count - expected) ** 2 / expected,
    0,
  )
  // 159 degrees of freedom: p > 0.01 is below 203.
  expect(chiSquared).toBeLessThan(203)
})

test('fewer nodes than an answer has room for are all named, each once', () => {
  const ring = newRing()
  fill(ring, 5)
  expect(new Set(handOut(ring)).size).toBe(5)
  expect(handOut(ring).length).toBe(5)
})

test('the order of two cycles differs, so nobody can foresee an answer', () => {
  const ring = newRing()
  fill(ring, 1600)
  const cycle = () => Array.from({ length: 100 }, () => handOut(ring)[0])
  expect(cycle()).not.toEqual(cycle())
})

test('nodes that arrive together are not named together', () => {
  const ring = newRing()
  fill(ring, 1600)
  const together = new Set(Array.from({ length: 16 }, (_, number) => `20.0.${number}.1:6881`))
  const most = Math.max(
    ...Array.from({ length: 100 }, () => handOut(ring).filter(node => together.has(node)).length),
  )
  expect(most).toBeLessThan(6)
})

test('a network holds no more than its share, and a host one node', () => {
  const ring = newRing({ perNetworkMax: 3 })
  const verdicts = [1, 2, 3, 4].map(host => ring.verify(NOW, nodeAt(ip4(9, host))))
  expect(verdicts).toEqual(['added', 'added', 'added', 'network-full'])
  expect(ring.verify(NOW, nodeAt(ip4(9, 1), 7000))).toBe('host-taken')
  expect(ring.verify(NOW, nodeAt(ip4(9, 1)))).toBe('renewed')
  expect(ring.verify(NOW, nodeAt(ip4(10, 1)))).toBe('added')
})

test('in IPv6 a host is a /64 and a network a /48', () => {
  const ring = newRing({ ipSize: 16, perNetworkMax: 2 })
  const other = ip6(1)
  other[15] = 99
  expect(ring.verify(NOW, nodeAt(ip6(1, 1)))).toBe('added')
  expect(ring.verify(NOW, nodeAt(other, 7000))).toBe('host-taken')
  expect(ring.verify(NOW, nodeAt(ip6(1, 2)))).toBe('added')
  expect(ring.verify(NOW, nodeAt(ip6(1, 3)))).toBe('network-full')
})

test('a full ring gives the place of the node that was verified longest ago', () => {
  const ring = newRing({ nodesMax: 3 })
  for (let number = 0; number < 3; number++) ring.verify(NOW + number, nodeAt(ip4(number)))
  ring.verify(NOW + 3, nodeAt(ip4(0)))
  ring.verify(NOW + 4, nodeAt(ip4(7)))
  expect(ring.count).toBe(3)
  expect(ring.find(ip4(1), 0)).toBe(-1)
  expect(ring.find(ip4(0), 0)).toBeGreaterThanOrEqual(0)
})

test('a node is asked again after the period, three times, and leaves when it stays silent', () => {
  const ring = newRing()
  fill(ring, 1)
  expect(ring.dueAtTick).toBe(NOW + FIRST_WAIT)
  expect(ring.nextToAsk(NOW + FIRST_WAIT - 1)).toBe(NONE)
  let now = NOW + FIRST_WAIT
  for (let ask = 0; ask < PINGS_IN_VAIN_MAX; ask++) {
    expect(ring.expire(now)).toBe(0)
    expect(ring.nextToAsk(now)).toBe(0)
    expect(ring.nextToAsk(now)).toBe(NONE)
    now += PONG_WAIT_TICKS
  }
  expect(ring.expire(now - 1)).toBe(0)
  expect(ring.expire(now)).toBe(1)
  expect(ring.count).toBe(0)
  expect(ring.dueAtTick).toBe(Number.POSITIVE_INFINITY)
})

test('a pong in between makes the node as young as any', () => {
  const ring = newRing()
  fill(ring, 1)
  const now = NOW + FIRST_WAIT
  ring.nextToAsk(now)
  expect(ring.ageTicksOf(now + 10, 0)).toBeGreaterThanOrEqual(FIRST_WAIT)
  ring.verify(now + 10, nodeAt(ip4(0)))
  expect(ring.ageTicksOf(now + 10, 0)).toBe(0)
  expect(ring.dueAtTick).toBe(now + 10 + (RECHECK_TICKS[1] as number))
})

test('a node that could not be asked in time leaves unasked', () => {
  const ring = newRing()
  fill(ring, 3)
  expect(ring.expire(NOW + FIRST_WAIT + OVERDUE_LIMIT_TICKS)).toBe(0)
  expect(ring.expire(NOW + FIRST_WAIT + OVERDUE_LIMIT_TICKS + 1)).toBe(3)
})

test('a shared node takes its turn by its age, and one that is too old for the list is refused', () => {
  const ring = newRing()
  expect(ring.verify(NOW, nodeAt(ip4(1)), 400)).toBe('added')
  expect(ring.dueAtTick).toBe(NOW + FIRST_WAIT - 400)
  expect(ring.verify(NOW, nodeAt(ip4(2)), 4 * 600)).toBe('added')
  expect(ring.verify(NOW, nodeAt(ip4(3)), RECHECK_MAX_TICKS + 1)).toBe('stale')
  for (let pong = 0; pong < 2; pong++) ring.verify(NOW, nodeAt(ip4(4)))
  expect(ring.verify(NOW, nodeAt(ip4(5)), 700)).toBe('stale')
})

test('lower limits let the oldest go', () => {
  const ring = newRing()
  fill(ring, 100)
  ring.configure({ nodesMax: 40, perNetworkMax: 8 })
  expect(ring.expire(NOW)).toBe(60)
  expect(ring.count).toBe(40)
})

/** A ring in words of a map: what is in it, by host, with its port and when it was verified. */
test('after any sequence of arrivals, pongs and silence the ring holds what a plain map holds', () => {
  for (const seed of [1, 2, 3]) {
    const luck = seededLuck(seed)
    const ring = newRing({ perNetworkMax: 2, answerSize: 4 })
    const model = new Map<string, number>()
    let now = NOW
    for (let act = 0; act < 6000; act++) {
      now += luck.below(20)
      const ip = ip4(luck.below(300), luck.below(3) + 1)
      const key = formatAddress({ ip, port: 6881 })
      if (luck.below(4) > 0) {
        const verdict = ring.verify(now, nodeAt(ip))
        if (verdict === 'added' || verdict === 'renewed') model.set(key, now)
      } else if (luck.below(3) === 0) {
        ring.forget(nodeAt(ip))
        model.delete(key)
      } else {
        ring.expire(now)
        ring.nextToAsk(now)
      }
      for (const [known, verifiedAt] of model) {
        if (now - verifiedAt >= FIRST_WAIT) model.delete(known)
      }
    }
    const young = [...model.keys()].filter(key => ring.find(ipOf(key), 0) < 0)
    expect(young).toEqual([])
    const named = new Set(Array.from({ length: 400 }, () => handOut(ring)).flat())
    expect(named.size).toBe(ring.count)
    for (const key of model.keys()) expect(named.has(key)).toBe(true)
  }
})

const ipOf = (key: string): Uint8Array =>
  Uint8Array.from((key.split(':')[0] as string).split('.'), Number)

test('memory follows the count down as well as up', () => {
  const ring = newRing({ nodesMax: 400_000, perNetworkMax: 8 })
  fill(ring, 100_000)
  expect(ring.count).toBe(100_000)
  expect(ring.expire(NOW + 10 * FIRST_WAIT)).toBe(100_000)
  fill(ring, 10, NOW + 10 * FIRST_WAIT)
  expect(new Set(handOut(ring)).size).toBe(10)
})

test('with each pong the next ping comes later, up to ten minutes', () => {
  const ring = newRing()
  fill(ring, 1)
  const waits: number[] = []
  let now = NOW
  for (let pong = 0; pong <= LEVEL_MAX + 1; pong++) {
    waits.push(ring.dueAtTick - now)
    now = ring.dueAtTick
    ring.nextToAsk(now)
    ring.verify(now, nodeAt(ip4(0)))
  }
  expect(waits).toEqual([...RECHECK_TICKS, RECHECK_MAX_TICKS])
})
