import { expect, test } from 'vitest'
import type { WorldInput } from '../world/index.ts'
import { DISK_REQUESTS_MAX, DISK_RETRY_MS, DiskQueue } from './disk-queue.ts'
import type { StoreNotice } from './words.ts'

const EMPTY = new Uint8Array(0)

function openQueue() {
  let requests = 0
  const notices: StoreNotice[] = []
  const queue = new DiskQueue(
    () => ++requests,
    notice => void notices.push(notice),
  )
  const done: number[] = []
  const write = (position: number) =>
    queue.write({ path: 'a', position, bytes: EMPTY, done: () => void done.push(position) })
  const positions = () => queue.drain().map(effect => effect.position)
  const written = (request: number): WorldInput => ({ kind: 'disk-written', request })
  const failed = (request: number, reason: 'full' | 'missing'): WorldInput => ({
    kind: 'disk-failed',
    request,
    reason,
    message: 'm',
  })
  return { queue, notices, done, write, positions, written, failed }
}

test('at most 16 requests are at the disk at once, and the others follow in order', () => {
  const { queue, write, positions, written } = openQueue()
  for (let position = 0; position < DISK_REQUESTS_MAX + 3; position++) write(position)
  expect(positions()).toEqual(Array.from({ length: DISK_REQUESTS_MAX }, (_, index) => index))
  queue.step(0, written(5))
  expect(positions()).toEqual([DISK_REQUESTS_MAX])
  for (let request = 1; request <= DISK_REQUESTS_MAX + 3; request++) queue.step(0, written(request))
  expect(queue.isIdle).toBe(true)
})

test('a full disk stops everything but one trial every five seconds', () => {
  const { queue, notices, done, write, positions, written, failed } = openQueue()
  write(0)
  write(1)
  positions()
  queue.step(100, failed(1, 'full'))
  write(2)
  expect(positions()).toEqual([])
  queue.step(100, written(2))
  expect(notices.map(notice => notice.kind)).toEqual(['problem', 'solved'])
  expect(positions()).toEqual([0, 2])
  queue.step(200, failed(3, 'full'))
  queue.step(200, failed(4, 'full'))
  expect(queue.isStuck).toBe(true)
  expect(queue.wakeAtMs).toBe(200 + DISK_RETRY_MS)
  queue.step(200 + DISK_RETRY_MS, { kind: 'wake' })
  const trial = positions()
  expect(trial).toHaveLength(1)
  queue.step(6000, written(5))
  expect(positions()).toEqual(trial[0] === 0 ? [2] : [0])
  queue.step(6000, written(6))
  expect(done.sort()).toEqual([0, 1, 2])
})

test('a missing file is an answer to a read, and to a write, not a trouble of the disk', () => {
  const { queue, notices, positions, failed } = openQueue()
  const answers: string[] = []
  queue.read('a', 0, 1, bytes => void answers.push(`read ${bytes}`))
  queue.write({ path: 'a', position: 1, bytes: EMPTY, missing: () => void answers.push('gone') })
  positions()
  queue.step(0, failed(1, 'missing'))
  queue.step(0, failed(2, 'missing'))
  expect(answers).toEqual(['read undefined', 'gone'])
  expect(notices).toEqual([])
})

test('an answer to somebody else’s request is left to them', () => {
  const { queue, written } = openQueue()
  expect(queue.step(0, written(77))).toBe(false)
})
