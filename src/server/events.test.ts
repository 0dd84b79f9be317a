import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MemoryClient, MemoryTorrent } from '../../test/support/memory-client.ts'
import {
  EVENT_INTERVAL_MANY_FILES_MS,
  EVENT_INTERVAL_MS,
  EVENT_STALL_MS,
  EventHub,
  FILES_FAST_MAX,
  HEARTBEAT_MS,
} from './events.ts'

class FakeResponse extends EventEmitter {
  readonly written: string[] = []
  writableNeedDrain = false
  isDestroyed = false
  writeHead = () => this
  write = (text: string) => this.written.push(text)
  end = () => this.emit('close')
  destroy = () => {
    this.isDestroyed = true
    this.emit('close')
  }
  /** What came since it was last asked. */
  take = () =>
    this.written
      .splice(0)
      .filter(text => text.startsWith('data: '))
      .map(text => JSON.parse(text.slice('data: '.length)))
}

let torrent: MemoryTorrent
let hub: EventHub

const join = () => {
  const response = new FakeResponse()
  hub.serve({ method: 'GET' } as IncomingMessage, response as unknown as ServerResponse)
  return response
}

beforeEach(() => {
  vi.useFakeTimers()
  torrent = new MemoryTorrent({
    infohash: 'a'.repeat(40),
    files: [{ path: 'a.mp4', bytes: new Uint8Array(10) }],
  })
  hub = new EventHub(new MemoryClient(torrent))
})
afterEach(() => {
  hub.close()
  vi.useRealTimers()
})

test('what did not change is not sent again', () => {
  const page = join()
  expect(page.take().map(event => event.type)).toEqual(['torrent', 'pieces'])
  vi.advanceTimersByTime(3 * EVENT_INTERVAL_MS)
  expect(page.take()).toEqual([])
  torrent.change({ verifiedBytes: 5 })
  vi.advanceTimersByTime(EVENT_INTERVAL_MS)
  expect(page.take()).toMatchObject([{ type: 'torrent', torrent: { verifiedBytes: 5 } }])
})

test('a second page gets the whole state when it comes', () => {
  join()
  expect(
    join()
      .take()
      .map(event => event.type),
  ).toEqual(['torrent', 'pieces'])
})

test('a page that reads slowly skips states and then gets the newest', () => {
  const page = join()
  page.take()
  page.writableNeedDrain = true
  for (const verifiedBytes of [1, 2, 3]) {
    torrent.change({ verifiedBytes })
    vi.advanceTimersByTime(EVENT_INTERVAL_MS)
  }
  expect(page.written).toEqual([])
  page.writableNeedDrain = false
  vi.advanceTimersByTime(EVENT_INTERVAL_MS)
  expect(page.take()).toMatchObject([{ torrent: { verifiedBytes: 3 } }])
})

test('a page that takes nothing for a minute is cut, and the timer stops with the last page', () => {
  const page = join()
  page.writableNeedDrain = true
  vi.advanceTimersByTime(EVENT_STALL_MS)
  expect(page.isDestroyed).toBe(false)
  vi.advanceTimersByTime(2 * EVENT_INTERVAL_MS)
  expect(page.isDestroyed).toBe(true)
  expect([hub.listenerCount, vi.getTimerCount(), torrent.listenerCount]).toEqual([0, 0, 0])
})

test('a comment keeps a quiet connection alive', () => {
  const page = join()
  page.written.length = 0
  vi.advanceTimersByTime(HEARTBEAT_MS + 2 * EVENT_INTERVAL_MS)
  expect(page.written).toEqual([': still here\n\n'])
})

test('a torrent of many files is sent every five seconds, its pieces every second', () => {
  const [file] = torrent.view().files
  torrent.change({ files: Array.from({ length: FILES_FAST_MAX + 1 }, () => file!) })
  const page = join()
  page.take()
  let verifiedBytes = 0
  const pieces = vi.spyOn(torrent, 'pieces')
  for (let atMs = 0; atMs < 2 * EVENT_INTERVAL_MANY_FILES_MS; atMs += EVENT_INTERVAL_MS) {
    torrent.change({ verifiedBytes: ++verifiedBytes })
    vi.advanceTimersByTime(EVENT_INTERVAL_MS)
  }
  expect(page.take()).toHaveLength(2)
  expect(pieces).toHaveBeenCalledTimes(10)
})
