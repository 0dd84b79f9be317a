// What the viewers need, and by when: one window for each viewer, in seconds of playback, merged into one list
// of pieces by due time. The earliest deadline goes first, so several viewers share what there is: whoever has
// waited longest is served, then its next piece is due later than the others'.
//
// A read moves its viewer's window. Reads inside the container's index do not: a player fetches that on the
// side, and a window that followed would fall back and forth with every look at it.
import type { Millis } from '../world/index.ts'
import { BitRate } from './bit-rate.ts'
import type { ByteRange } from './container-walk.ts'
import type { PieceLayout } from './layout.ts'
import { PieceSet } from './piece-set.ts'
import { type FileSpan, StartSet } from './start-set.ts'

const AHEAD_SECONDS = 30
const BEHIND_SECONDS = 5
const MIB = 1024 * 1024
const AHEAD_MIN_BYTES = 8 * MIB
const AHEAD_MAX_BYTES = 96 * MIB
/** While nothing is known of a file, its end is fetched after so much of playback. */
const TAIL_AFTER_MS = 4000
/** Players and devices watching one torrent at once; beyond it the one silent for longest loses its window. */
export const VIEWERS_MAX = 32
/** Reads that one viewer waits for; beyond it the oldest is still answered, but no longer hurried. */
export const READS_MAX = 32
/** Pieces with a due time; 96 MiB are 6144 of the smallest pieces. Beyond it the latest have to wait. */
export const DUE_PIECES_MAX = 8192

/** How much of a read is awaited at once; what follows in it is only the first of its window. */
const AWAITED_BYTES = 128 * 1024
/** The due time of a piece that a read waits for. */
export const AT_ONCE: Millis = Number.NEGATIVE_INFINITY

export type ViewerKey = number
export type ReadKey = number

/** A viewer asks for `size` bytes at `begin` in a file. */
export interface ViewerRead {
  readonly viewer: ViewerKey
  readonly request: ReadKey
  readonly file: FileSpan
  /** From the start of the file. */
  readonly begin: number
  readonly size: number
}

export interface Window {
  /** Where the viewer reads, from the start of the file. */
  readonly positionBytes: number
  /** How much from there on is fetched first. */
  readonly windowBytes: number
}

interface Viewer {
  start: StartSet
  readonly rate: BitRate
  /** From the start of the file. */
  position: number
  /** Where it began to read on and on: before it nothing is of use. */
  jumpedTo: number
  /** When the viewer was at `position`. */
  atMs: Millis
  /** Where the last read ended: the next one is expected there. */
  readEnd: number
  readonly reads: Map<ReadKey, ViewerRead>
  /** What it needs, by due time; refilled each time. */
  readonly pieces: number[]
  readonly dueMs: number[]
}

export class Deadlines {
  /** The pieces that are needed and not verified, the earliest due first; `count` of them. */
  readonly pieces = new Int32Array(DUE_PIECES_MAX)
  /** When each of them is due: the past means now, `AT_ONCE` that a read waits for it. */
  readonly dueMs = new Float64Array(DUE_PIECES_MAX)
  count = 0
  readonly #layout: PieceLayout
  readonly #isVerified: (piece: number) => boolean
  readonly #covered: PieceSet
  readonly #viewers = new Map<ViewerKey, Viewer>()
  readonly #starts = new Map<number, StartSet>()
  readonly #readers = new Map<ReadKey, ViewerKey>()

  constructor(layout: PieceLayout, isVerified: (piece: number) => boolean) {
    this.#layout = layout
    this.#isVerified = isVerified
    this.#covered = new PieceSet(layout.pieceCount)
  }

  get viewerCount(): number {
    return this.#viewers.size
  }

  /** Whether `piece` is in the list. */
  covers(piece: number): boolean {
    return this.#covered.has(piece)
  }

  /** Whether a read waits for `piece`. */
  isAwaited(piece: number): boolean {
    for (let rank = 0; rank < this.count && this.dueMs[rank] === AT_ONCE; rank++) {
      if (this.pieces[rank] === piece) return true
    }
    return false
  }

  /** @returns whether the viewer is new or jumped: what is in flight for other places has to give way. */
  readStarted(nowMs: Millis, read: ViewerRead): boolean {
    const viewer = this.#viewerOf(nowMs, read)
    const isFirst = viewer.reads.size === 0 && viewer.readEnd < 0
    this.#addRead(viewer, read)
    if (!isFirst && this.#isBesides(viewer, read)) {
      this.rebuild()
      return false
    }
    const isJump = read.begin !== viewer.readEnd && read.begin !== viewer.position
    const isSeek = isJump && !this.#isNear(viewer, read.begin)
    if (isSeek) viewer.rate.restart(nowMs)
    viewer.readEnd = Math.max(isJump ? 0 : viewer.readEnd, read.begin + read.size)
    if (isJump) viewer.jumpedTo = read.begin
    if (isJump || read.begin > viewer.position) {
      viewer.position = read.begin
      viewer.atMs = nowMs
    }
    this.#touch(read.viewer, viewer)
    this.rebuild()
    return isJump || isFirst
  }

  /** The read was answered with `servedBytes`, or withdrawn. */
  readEnded(nowMs: Millis, request: ReadKey, servedBytes: number): void {
    const key = this.#readers.get(request)
    if (key === undefined) return
    this.#readers.delete(request)
    const viewer = this.#viewers.get(key)
    const read = viewer?.reads.get(request)
    if (viewer === undefined || read === undefined) return
    viewer.reads.delete(request)
    if (servedBytes > 0) {
      viewer.rate.noteConsumed(nowMs, servedBytes)
      const servedEnd = read.begin + servedBytes
      if (read.begin === viewer.position) {
        viewer.position = servedEnd
        viewer.readEnd = servedEnd
        viewer.atMs = nowMs
      }
    }
    this.rebuild()
  }

  viewerLeft(key: ViewerKey): void {
    const viewer = this.#viewers.get(key)
    if (viewer === undefined) return
    for (const request of viewer.reads.keys()) this.#readers.delete(request)
    this.#viewers.delete(key)
    this.#dropIdleStarts()
    this.rebuild()
  }

  windowOf(key: ViewerKey): Window | undefined {
    const viewer = this.#viewers.get(key)
    if (viewer === undefined) return undefined
    const left = viewer.start.file.size - viewer.position
    return { positionBytes: viewer.position, windowBytes: Math.min(left, aheadBytes(viewer.rate)) }
  }

  /** Verified bytes of `piece`, lent. @returns whether what is needed may have changed. */
  feed(piece: number, bytes: Uint8Array): boolean {
    let isChanged = false
    for (const start of this.#starts.values()) {
      if (start.feed(piece * this.#layout.pieceBytes, bytes)) isChanged = true
    }
    if (!isChanged) return false
    this.#readDurations()
    this.rebuild()
    return true
  }

  /** The piece whose bytes a container is waiting for although it may be verified already, or -1. */
  get waitsFor(): number {
    for (const { waitsAt, file } of this.#starts.values()) {
      if (waitsAt < 0) continue
      const piece = Math.floor((file.begin + waitsAt) / this.#layout.pieceBytes)
      if (this.#isVerified(piece)) return piece
    }
    return -1
  }

  /** What lies ahead of the window of whoever read last: from a piece on, up to the end of its file. */
  get ahead(): { readonly from: number; readonly to: number } | undefined {
    const viewer = [...this.#viewers.values()].at(-1)
    if (viewer === undefined) return undefined
    const { file } = viewer.start
    return {
      from: this.#pieceAt(file, viewer.position + aheadBytes(viewer.rate)),
      to: this.#pieceAt(file, file.size - 1),
    }
  }

  /** Makes the list anew: after a window moved, or a piece in it turned out to be missing after all. */
  rebuild(): void {
    for (let rank = 0; rank < this.count; rank++) this.#covered.remove(this.pieces[rank] as number)
    this.count = 0
    const viewers = [...this.#viewers.values()]
    for (const viewer of viewers) this.#fill(viewer)
    const at = viewers.map(() => 0)
    while (this.count < DUE_PIECES_MAX) {
      let best = -1
      let bestMs = Number.POSITIVE_INFINITY
      for (let index = 0; index < viewers.length; index++) {
        const dueMs = (viewers[index] as Viewer).dueMs[at[index] as number]
        if (dueMs === undefined || dueMs >= bestMs) continue
        best = index
        bestMs = dueMs
      }
      if (best < 0) return
      const rank = at[best] as number
      at[best] = rank + 1
      this.#append((viewers[best] as Viewer).pieces[rank] as number, bestMs)
    }
  }

  #append(piece: number, dueMs: Millis): void {
    if (this.#isVerified(piece) || !this.#covered.add(piece)) return
    this.pieces[this.count] = piece
    this.dueMs[this.count++] = dueMs
  }

  /** Reads first, then the start set, then the window: all that is due now, then by the time of playback. */
  #fill(viewer: Viewer): void {
    const { start, pieces, dueMs, position, atMs } = viewer
    pieces.length = 0
    dueMs.length = 0
    const { file } = start
    const add = (piece: number, due: Millis) => {
      if (pieces.length >= DUE_PIECES_MAX || this.#isVerified(piece)) return
      pieces.push(piece)
      dueMs.push(due)
    }
    for (const { file: at, begin, size } of viewer.reads.values()) {
      const range = { begin, end: Math.min(at.size, begin + Math.min(size, AWAITED_BYTES)) }
      this.#addRange(at, range, piece => add(piece, AT_ONCE))
    }
    const head = this.#pieceAt(file, position)
    add(head, atMs)
    // A little later than what is read now: nobody's index goes before somebody's picture.
    for (const range of start.ranges) this.#addRange(file, range, piece => add(piece, atMs + 1))
    this.#fillWindow(viewer, head, add)
    const behindBytes = viewer.rate.bytesPerSecond * BEHIND_SECONDS
    const behind = this.#pieceAt(file, Math.max(viewer.jumpedTo, position - behindBytes))
    const lastMs = dueMs.at(-1) ?? atMs
    for (let piece = head - 1; piece >= behind; piece--) add(piece, lastMs)
  }

  /** What is played next, and between it the end of a file of which nothing is known yet. */
  #fillWindow(viewer: Viewer, head: number, add: (piece: number, due: Millis) => void): void {
    const { start, position, atMs } = viewer
    const { file } = start
    const rate = viewer.rate.bytesPerSecond
    const end = Math.min(file.size, position + aheadBytes(viewer.rate))
    const to = this.#pieceAt(file, end - 1)
    const tailMs = start.isUnknown ? atMs + TAIL_AFTER_MS : Number.POSITIVE_INFINITY
    let isTailAdded = false
    for (let piece = head + 1; piece <= to; piece++) {
      const offset = piece * this.#layout.pieceBytes - file.begin - position
      const dueMs = atMs + (offset * 1000) / rate
      if (dueMs > tailMs && !isTailAdded) {
        this.#addRange(file, start.tail, at => add(at, tailMs))
        isTailAdded = true
      }
      add(piece, dueMs)
    }
  }

  #addRange(file: FileSpan, range: ByteRange, add: (piece: number) => void): void {
    const to = this.#pieceAt(file, range.end - 1)
    for (let piece = this.#pieceAt(file, range.begin); piece <= to; piece++) add(piece)
  }

  #pieceAt(file: FileSpan, offset: number): number {
    const piece = Math.floor((file.begin + Math.max(0, offset)) / this.#layout.pieceBytes)
    return Math.min(piece, this.#layout.pieceCount - 1)
  }

  #addRead(viewer: Viewer, read: ViewerRead): void {
    viewer.reads.set(read.request, read)
    this.#readers.set(read.request, read.viewer)
    if (viewer.reads.size <= READS_MAX) return
    const oldest = viewer.reads.keys().next().value as ReadKey
    viewer.reads.delete(oldest)
    this.#readers.delete(oldest)
  }

  #isNear(viewer: Viewer, begin: number): boolean {
    const behind = viewer.rate.bytesPerSecond * BEHIND_SECONDS
    return begin >= viewer.position - behind && begin <= viewer.position + aheadBytes(viewer.rate)
  }

  /** In the index or where the start set looks for one, and not where the viewer reads anyway. */
  #isBesides(viewer: Viewer, read: ViewerRead): boolean {
    if (this.#isNear(viewer, read.begin)) return false
    return viewer.start.ranges.some(range => read.begin >= range.begin && read.begin < range.end)
  }

  #viewerOf(nowMs: Millis, read: ViewerRead): Viewer {
    const known = this.#viewers.get(read.viewer)
    if (known !== undefined && known.start.file.begin === read.file.begin) return known
    if (known !== undefined) this.viewerLeft(read.viewer)
    if (this.#viewers.size >= VIEWERS_MAX)
      this.viewerLeft(this.#viewers.keys().next().value as ViewerKey)
    const viewer: Viewer = {
      start: this.#startOf(read.file),
      rate: new BitRate(),
      position: read.begin,
      jumpedTo: read.begin,
      atMs: nowMs,
      readEnd: -1,
      reads: new Map(),
      pieces: [],
      dueMs: [],
    }
    this.#viewers.set(read.viewer, viewer)
    this.#readDurations()
    return viewer
  }

  #startOf(file: FileSpan): StartSet {
    const start = this.#starts.get(file.begin) ?? new StartSet(file)
    this.#starts.set(file.begin, start)
    return start
  }

  /** Keeps the viewers in the order of their last reads. */
  #touch(key: ViewerKey, viewer: Viewer): void {
    this.#viewers.delete(key)
    this.#viewers.set(key, viewer)
  }

  #dropIdleStarts(): void {
    const used = new Set([...this.#viewers.values()].map(viewer => viewer.start))
    for (const [begin, start] of this.#starts) if (!used.has(start)) this.#starts.delete(begin)
  }

  #readDurations(): void {
    for (const { start, rate } of this.#viewers.values()) {
      const seconds = start.durationSeconds
      if (seconds !== undefined) rate.noteContainer({ bytes: start.file.size, seconds })
    }
  }
}

/** How far ahead of a viewer the window reaches, in bytes. */
function aheadBytes(rate: BitRate): number {
  const wanted = rate.bytesPerSecond * AHEAD_SECONDS
  return Math.min(AHEAD_MAX_BYTES, Math.max(AHEAD_MIN_BYTES, wanted))
}
