import { expect, test } from 'vitest'
import {
  findNode,
  ip4,
  ip6,
  live,
  seededLuck,
  speakerAt,
  tell,
  testServer,
} from '../../../../test/support/bootstrap.ts'
import { nodeIdFor } from '../../dht/index.ts'
import { RECHECK_TICKS, RESTORED_OVERDUE_LIMIT_TICKS, TICK_MS } from './schedule.ts'
import type { BootstrapServer } from './server.ts'
import { snapshotRowSize } from './snapshot.ts'

const MINUTE_MS = 60_000
/** Of a row of level 0. */
const AGE_LIMIT_SECONDS =
  (((RECHECK_TICKS[0] as number) + RESTORED_OVERDUE_LIMIT_TICKS) * TICK_MS) / 1000

/** A row of a node with a valid id. */
function row(ip: Uint8Array, ageSeconds: number, port = 6881, level = 0): Uint8Array {
  const bytes = new Uint8Array(snapshotRowSize(ip.length as 4 | 16))
  bytes.set(nodeIdFor(ip, 1, seededLuck(1)))
  bytes.set(ip, 20)
  bytes.set(
    [port >> 8, port & 255, (level << 5) | (ageSeconds >> 8), ageSeconds & 255],
    20 + ip.length,
  )
  return bytes
}

function restored(server: BootstrapServer, rows: readonly Uint8Array[], elapsedSeconds = 0) {
  const restorer = server.restore(0, rows[0]?.length === 28 ? 4 : 16)
  for (const bytes of rows) restorer.add(bytes, elapsedSeconds)
  const result = restorer.finish()
  server.step(0, { kind: 'wake' })
  return result
}

const count = (total: number, make: (number: number) => Uint8Array) =>
  Array.from({ length: total }, (_, number) => make(number))

test.each([4, 16] as const)(
  'what one server saves another hands out at once (IPs of %i bytes)',
  ipSize => {
    const options = { ids: [new Uint8Array(20)], families: [ipSize] as const }
    const ip = ipSize === 4 ? ip4 : ip6
    const before = testServer(options)
    for (let number = 0; number < 300; number++) {
      const speaker = speakerAt(ip(number))
      tell(before, number * 100, speaker, findNode(speaker))
    }
    live(before, 20 * MINUTE_MS, address => speakerAt(address))
    const nowMs = 20 * MINUTE_MS
    const rows = [before.save(nowMs, ipSize, 0, 200), before.save(nowMs, ipSize, 200, 200)]
    expect(rows.map(part => part.length / snapshotRowSize(ipSize))).toEqual([200, 100])

    const after = testServer(options)
    const restorer = after.restore(5, ipSize)
    for (const part of rows) restorer.add(part, 30)
    expect(restorer.finish()).toEqual({ fresh: 300, stale: 0, refused: 0 })
    const visitor = speakerAt(ip(400))
    const [answer] = tell(after, 10, visitor, findNode(visitor))
    expect(answer?.bytes.length).toBeGreaterThan(16 * (22 + ipSize))
  },
)

test('restored nodes are pinged in the order of their age, not later than others', () => {
  const server = testServer()
  const ages = [500, 10, 300, 599, 0]
  restored(
    server,
    ages.map((age, number) => row(ip4(number), age, 6881, 7)),
  )
  const asked: { readonly number: number; readonly atMs: number }[] = []
  while (asked.length < 5) {
    const atMs = server.wakeAtMs
    server.step(atMs, { kind: 'wake' })
    for (const { to } of server.drain()) asked.push({ number: to.ip[2] as number, atMs })
  }
  const first = asked.filter(
    ({ number }, index) => asked.findIndex(a => a.number === number) === index,
  )
  expect(first.map(({ number }) => number).slice(0, 2)).toEqual([3, 0])
  expect(first[1]?.atMs).toBeLessThanOrEqual(101_000)
})

test('a row that is too old is not handed out but pinged at once, and handed out when it answers', () => {
  const server = testServer()
  const rows = count(20, number => row(ip4(number), AGE_LIMIT_SECONDS - 50))
  expect(restored(server, rows, 51)).toEqual({ fresh: 0, stale: 20, refused: 0 })
  expect(server.ring(4).count).toBe(0)
  live(server, 2000, ip => speakerAt(ip))
  expect(server.ring(4).count).toBe(20)
})

test('after a time that nobody knows all rows must answer first', () => {
  const rows = count(20, number => row(ip4(number), 0))
  const result = restored(testServer(), rows, Number.POSITIVE_INFINITY)
  expect(result).toEqual({ fresh: 0, stale: 20, refused: 0 })
})

test('rows of wrong ids, private addresses, port 0, second hosts and crowded networks are refused', () => {
  const wrongId = row(ip4(1), 0)
  wrongId[0] = (wrongId[0] as number) ^ 0xff
  const crowd = count(9, host => row(ip4(3, host + 1), 0))
  const rows = [
    wrongId,
    row(Uint8Array.of(10, 0, 0, 1), 0),
    row(ip4(2), 0, 0),
    row(ip4(4), 0),
    row(ip4(4), 0),
    ...crowd,
  ]
  expect(restored(testServer(), rows)).toEqual({ fresh: 9, stale: 0, refused: 5 })
})

test('more rows than the ring may hold are refused', () => {
  const rows = count(50, number => row(ip4(number), 0))
  expect(restored(testServer({ nodesMax: 30 }), rows)).toEqual({ fresh: 30, stale: 0, refused: 20 })
})
