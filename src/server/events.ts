// `/api/events`: what changed, as server-sent events. Every event is a whole state, so a client that reads
// slowly loses nothing by skipping some: it is sent the newest one when it can take it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerEvent, TorrentView } from '../api/index.ts'
import type { Torrent } from '../node/index.ts'
import type { Torrents } from './find.ts'
import { HttpProblem } from './problem.ts'

/** Pages open at once. */
export const EVENT_CLIENTS_MAX = 32
/** At most one `torrent` and one `pieces` event for each torrent in this time. */
export const EVENT_INTERVAL_MS = 1000
/** Proxies and sleeping laptops drop silent connections; a comment keeps them, or shows that they are gone. */
export const HEARTBEAT_MS = 15_000
/** Above this many files a torrent's view is sent less often: 10,000 files are a megabyte or two of JSON. */
export const FILES_FAST_MAX = 500
export const EVENT_INTERVAL_MANY_FILES_MS = 5000
/** A client that takes nothing for this long is cut; the browser comes back by itself. */
export const EVENT_STALL_MS = 60_000
/** Writing events may take this share of the time at most. */
const BUSY_SHARE = 0.05

interface Listener {
  readonly response: ServerResponse
  /** What it last got, by kind and infohash. */
  readonly sent: Map<string, string>
  lastTakenMs: number
  lastBeatMs: number
}

/** All event streams of one server, on one timer that runs while somebody listens. */
export class EventHub {
  readonly #client: Torrents
  readonly #listeners = new Set<Listener>()
  readonly #watched = new Map<Torrent, { readonly stop: () => void; viewDueMs: number }>()
  #stopWaiting: () => void = () => {}
  #timer: NodeJS.Timeout | undefined

  constructor(client: Torrents) {
    this.#client = client
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  /** Keeps the response open and writes events until it closes. */
  serve(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET')
      throw new HttpProblem(405, 'method', 'Use GET here.', { allow: 'GET' })
    if (this.#listeners.size >= EVENT_CLIENTS_MAX)
      throw new HttpProblem(503, 'too-many-pages', 'Close some pages of torrent-live.', {
        'retry-after': '10',
      })
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    })
    response.write('retry: 1000\n\n')
    const nowMs = performance.now()
    const listener: Listener = { response, sent: new Map(), lastTakenMs: nowMs, lastBeatMs: nowMs }
    this.#listeners.add(listener)
    response.once('close', () => this.#leave(listener))
    if (this.#listeners.size === 1) this.#start()
    else this.#sendTo([listener], performance.now())
  }

  /** Ends every stream. */
  close(): void {
    for (const { response } of this.#listeners) response.end()
    this.#listeners.clear()
    this.#stop()
  }

  #leave(listener: Listener): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size === 0) this.#stop()
  }

  #start(): void {
    for (const torrent of this.#client.torrents) this.#watch(torrent)
    this.#stopWaiting = this.#client.onTorrent(torrent => this.#watch(torrent))
    this.#tick()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#stopWaiting()
    for (const { stop } of this.#watched.values()) stop()
    this.#watched.clear()
  }

  /** What is rare and matters goes out at once; the rest waits for the tick. */
  #watch(torrent: Torrent): void {
    const stop = torrent.onEvent(event => {
      if (event.type === 'removed') this.#sendRemoved(torrent)
      else if (event.type === 'metadata' || event.type === 'done' || event.type === 'problem')
        this.#sendTorrent(torrent, this.#ready(performance.now()))
    })
    this.#watched.set(torrent, { stop, viewDueMs: 0 })
  }

  #tick(): void {
    const startMs = performance.now()
    this.#sendTo(this.#ready(startMs), startMs)
    const pauseMs = Math.max(EVENT_INTERVAL_MS, (performance.now() - startMs) / BUSY_SHARE)
    // The last listener may just have been cut.
    if (this.#listeners.size > 0) this.#timer = setTimeout(() => this.#tick(), pauseMs)
  }

  #sendTo(listeners: readonly Listener[], nowMs: number): void {
    if (listeners.length === 0) return
    for (const torrent of this.#client.torrents) {
      const watched = this.#watched.get(torrent)
      const isDue = watched === undefined || nowMs >= watched.viewDueMs
      if (isDue || listeners.some(({ sent }) => sent.size === 0)) {
        const { files } = this.#sendTorrent(torrent, listeners)
        if (watched !== undefined && files.length > FILES_FAST_MAX)
          watched.viewDueMs = nowMs + EVENT_INTERVAL_MANY_FILES_MS
      }
      const { infohash } = torrent
      const event: ServerEvent = { type: 'pieces', infohash, pieces: torrent.pieces() }
      send({ key: `pieces/${infohash}`, event, listeners })
    }
  }

  #sendTorrent(torrent: Torrent, listeners: readonly Listener[]): TorrentView {
    const view = torrent.view()
    send({
      key: `torrent/${torrent.infohash}`,
      event: { type: 'torrent', torrent: view },
      listeners,
    })
    return view
  }

  #sendRemoved(torrent: Torrent): void {
    const { infohash } = torrent
    this.#watched.get(torrent)?.stop()
    this.#watched.delete(torrent)
    for (const { sent, response } of this.#listeners) {
      sent.delete(`torrent/${infohash}`)
      sent.delete(`pieces/${infohash}`)
      response.write(`data: ${JSON.stringify({ type: 'removed', infohash })}\n\n`)
    }
  }

  /** Those that can take something; the others are skipped, for the newest state is all they need. */
  #ready(nowMs: number): Listener[] {
    return [...this.#listeners].filter(listener => isReady(listener, nowMs))
  }
}

function send(message: {
  readonly key: string
  readonly event: ServerEvent
  readonly listeners: readonly Listener[]
}): void {
  const { key, event, listeners } = message
  const data = JSON.stringify(event)
  for (const { response, sent } of listeners) {
    if (sent.get(key) === data) continue
    sent.set(key, data)
    response.write(`data: ${data}\n\n`)
  }
}

/** Also keeps the connection alive, and cuts the one that stalls. */
function isReady(listener: Listener, nowMs: number): boolean {
  const { response } = listener
  if (response.writableNeedDrain) {
    if (nowMs - listener.lastTakenMs > EVENT_STALL_MS) response.destroy()
    return false
  }
  if (nowMs - listener.lastBeatMs > HEARTBEAT_MS) {
    response.write(': still here\n\n')
    listener.lastBeatMs = nowMs
  }
  listener.lastTakenMs = nowMs
  return true
}
