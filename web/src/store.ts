// What the page knows, as signals: each fact has one, and this file alone writes them from the server.
import { computed, signal } from '@preact/signals'
import type { FileView, ServerEvent, TorrentView } from '../../src/api/index.ts'
import * as api from './api-client.ts'
import { defaultFile, orderOf } from './choice.ts'
import { noPieces, type Pieces, piecesOf } from './pieces.ts'
import { formatRoute, parseRoute, type Route } from './route.ts'
import { memory } from './storage.ts'

export type Link = 'connecting' | 'open' | 'lost'

export const link = signal<Link>('connecting')
/** Why the server is not heard, and what to do. */
export const lostReason = signal(api.UNREACHABLE)
/** `null` until the server has been heard. */
export const torrents = signal<readonly TorrentView[] | null>(null)
const route = signal<Route>(parseRoute(location.hash))
const piecesByInfohash = signal<ReadonlyMap<string, Pieces>>(new Map())

/** Down speeds of the shown torrent, one a second, the newest last. */
export const SPEED_SAMPLES_MAX = 90
export const speeds = signal<readonly number[]>([])

/** What is shown: what the address names, else the first. */
export const shown = computed<TorrentView | null>(() => {
  const all = torrents.value ?? []
  return all.find(torrent => torrent.infohash === route.value.infohash) ?? all[0] ?? null
})

export const shownPieces = computed<Pieces>(
  () => piecesByInfohash.value.get(shown.value?.infohash ?? '') ?? noPieces,
)

/** What plays: what the address names, else what was playing last, else the film among the files. */
export const shownFile = computed<FileView | null>(() => {
  const torrent = shown.value
  if (torrent === null) return null
  const named = torrent.files.find(file => file.index === route.value.file)
  if (named !== undefined) return named
  const last = memory.getItem(lastFileKey(torrent.infohash))
  return defaultFile(torrent.files, orderFor(torrent), last)
})

let sorted: { readonly key: string; readonly order: readonly number[] } = { key: '', order: [] }

/** Sorting 10,000 names takes a moment, and a torrent is heard of every second: sorted once. */
export function orderFor(torrent: TorrentView): readonly number[] {
  const key = `${torrent.infohash} ${torrent.files.length}`
  if (sorted.key !== key) sorted = { key, order: orderOf(torrent.files) }
  return sorted.order
}

const lastFileKey = (infohash: string): string => `last:${infohash}`

/** Shows a torrent, and one of its files. */
export function go(infohash: string, file: number | null = null): void {
  if (file !== null) memory.setItem(lastFileKey(infohash), String(file))
  location.hash = formatRoute({ infohash, file })
}

export interface Notice {
  readonly text: string
  readonly action?: { readonly label: string; readonly run: () => void }
}

const NOTICE_MS = 6000
export const notice = signal<Notice | null>(null)
let noticeTimer: ReturnType<typeof setTimeout> | undefined

/** Says something once; the next notice takes its place. */
export function tell(text: string, action?: Notice['action']): void {
  clearTimeout(noticeTimer)
  notice.value = action === undefined ? { text } : { text, action }
  noticeTimer = setTimeout(dismissNotice, NOTICE_MS)
}

export function dismissNotice(): void {
  notice.value = null
}

/** Adds what was pasted or dropped and shows it. @returns why not, or `null` when it was added. */
export async function add(source: string | Promise<string>): Promise<string | null> {
  try {
    const torrent = await api.addTorrent(await source)
    put(torrent)
    go(torrent.infohash)
    return null
  } catch (error) {
    return sentence(error)
  }
}

export async function remove(infohash: string, deleteFiles: boolean): Promise<void> {
  try {
    await api.removeTorrent(infohash, deleteFiles)
    forget(infohash)
  } catch (error) {
    tell(sentence(error))
  }
}

export async function wantFiles(torrent: TorrentView, wanted: ReadonlySet<number>): Promise<void> {
  const files = torrent.files.map(file => ({ ...file, isWanted: wanted.has(file.index) }))
  put({ ...torrent, files })
  try {
    await api.selectFiles(torrent.infohash, [...wanted])
  } catch (error) {
    put(torrent)
    tell(sentence(error))
  }
}

const sentence = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** Starts listening to the server and the address bar. @returns the function that stops it. */
export function connect(): () => void {
  const onHash = (): void => {
    const before = shown.peek()?.infohash
    route.value = parseRoute(location.hash)
    const after = shown.peek()?.infohash
    if (after !== before && after !== undefined) void loadPieces(after)
  }
  window.addEventListener('hashchange', onHash)
  const sampler = setInterval(sampleSpeed, 1000)
  const unlisten = api.listen({
    onOpen: () => {
      void refresh()
    },
    onEvent: take,
    onLost: () => {
      void noteLoss()
    },
  })
  return () => {
    unlisten()
    clearInterval(sampler)
    window.removeEventListener('hashchange', onHash)
  }
}

/** Reads everything anew, since events that were missed are not sent again. */
async function refresh(): Promise<void> {
  try {
    torrents.value = await api.fetchTorrents()
    link.value = 'open'
    const infohash = shown.peek()?.infohash
    if (infohash !== undefined) await loadPieces(infohash)
  } catch (error) {
    tell(sentence(error))
  }
}

/** An event stream does not say why it broke; an ordinary request does: no server, or no token. */
async function noteLoss(): Promise<void> {
  try {
    await api.fetchTorrents()
  } catch (error) {
    lostReason.value = sentence(error)
    link.value = 'lost'
  }
}

async function loadPieces(infohash: string): Promise<void> {
  try {
    keepPieces(infohash, piecesOf(await api.fetchPieces(infohash)))
  } catch {
    // The map stays empty until the next event brings it: nothing else needs it.
    keepPieces(infohash, noPieces)
  }
}

function take(event: ServerEvent): void {
  if (event.type === 'torrent') put(event.torrent)
  else if (event.type === 'pieces') keepPieces(event.infohash, piecesOf(event.pieces))
  else forget(event.infohash)
}

function put(torrent: TorrentView): void {
  const all = torrents.peek() ?? []
  const at = all.findIndex(other => other.infohash === torrent.infohash)
  torrents.value = at < 0 ? [...all, torrent] : all.with(at, torrent)
}

function forget(infohash: string): void {
  torrents.value = (torrents.peek() ?? []).filter(torrent => torrent.infohash !== infohash)
  const kept = new Map(piecesByInfohash.peek())
  kept.delete(infohash)
  piecesByInfohash.value = kept
}

function keepPieces(infohash: string, pieces: Pieces): void {
  piecesByInfohash.value = new Map(piecesByInfohash.peek()).set(infohash, pieces)
}

let sampled: string | null = null

function sampleSpeed(): void {
  const torrent = shown.peek()
  if (torrent === null) return
  const before = sampled === torrent.infohash ? speeds.peek() : []
  sampled = torrent.infohash
  const speed = link.peek() === 'open' ? torrent.downBytesPerSecond : 0
  speeds.value = [...before, speed].slice(-SPEED_SAMPLES_MAX)
}
