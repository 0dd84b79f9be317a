import { expect, test } from 'vitest'
import { ip4, ip6, nodeAt, seededLuck } from '../../../../test/support/bootstrap.ts'
import { formatIp } from '../../bytes/index.ts'
import { KeyedHash } from './keyed-hash.ts'
import { ProbationQueue } from './probation.ts'

const queue = (limit: number, ipSize: 4 | 16 = 4) =>
  new ProbationQueue(ipSize, limit, KeyedHash.from(seededLuck(1)))

test.each([
  [4, ip4],
  [16, ip6],
] as const)('visitors with IPs of %i bytes leave in the order in which they came', (ipSize, ip) => {
  const waiting = queue(100_000, ipSize)
  const count = 10_000
  for (let number = 0; number < count; number++) {
    waiting.offer(number, nodeAt(ip(number), 1000 + number), number % 64)
  }
  const wrong = []
  for (let number = 0; number < count; number++) {
    const dueAt = waiting.dueAtTick
    const { ip: bytes, ipAt, port, socket } = waiting.take()
    const isSame = formatIp(bytes.slice(ipAt, ipAt + ipSize)) === formatIp(ip(number))
    if (!isSame || dueAt !== number || port !== 1000 + number || socket !== number % 64) {
      wrong.push(number)
    }
  }
  expect(wrong).toEqual([])
  expect(waiting.count).toBe(0)
  expect(waiting.dueAtTick).toBe(Number.POSITIVE_INFINITY)
})

test('up to half of the limit all are queued, beyond it fewer and fewer, and never more than the limit', () => {
  const waiting = queue(1000)
  const takenOfEach500: number[] = []
  for (let number = 0; number < 20_000; number++) {
    const was = waiting.count
    waiting.offer(0, nodeAt(ip4(number)), 0)
    const part = Math.floor(number / 500)
    takenOfEach500[part] = (takenOfEach500[part] ?? 0) + waiting.count - was
  }
  expect(takenOfEach500[0]).toBe(500)
  expect(takenOfEach500[1]).toBeGreaterThan(takenOfEach500[2] as number)
  expect(takenOfEach500[2]).toBeGreaterThan(takenOfEach500[4] as number)
  expect(waiting.count).toBeLessThanOrEqual(1000)
})

test('a queue that is always half full keeps its order over many chunks', () => {
  const waiting = queue(1_000_000)
  const order: number[] = []
  for (let number = 0; number < 50_000; number++) {
    waiting.offer(number, nodeAt(ip4(number)), 0)
    if (waiting.count <= 5000) continue
    order.push(waiting.dueAtTick)
    waiting.take()
  }
  expect(order).toEqual(Array.from({ length: 45_000 }, (_, number) => number))
})
