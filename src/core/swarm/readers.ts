// The reads of viewers: each waits until the first byte that it asks for is verified, and is answered with
// what is verified from there on. A read moves its viewer's window; a viewer that leaves takes it away.
import type { Layout } from '../storage/index.ts'
import { BLOCK_BYTES } from '../wire/index.ts'
import type { Millis, RequestId } from '../world/index.ts'
import type { Download } from './download.ts'
import type { ViewerStatus } from './words.ts'

/** Reads that wait at once, of all viewers; the one beyond is answered with a failure. */
export const READS_MAX = 256
/** Bytes of one answer at most: a viewer that wants more asks again, and others get their turn. */
const READ_LIMIT_BYTES = 1024 * 1024

export interface ReadCommand {
  readonly viewer: number
  readonly request: RequestId
  readonly file: number
  readonly begin: number
  readonly size: number
}

interface Read extends ReadCommand {
  /** The piece that its first byte lies in. */
  readonly piece: number
  /** Where in that piece. */
  readonly offset: number
  /** At the store, which will answer; until then it waits for `piece`. */
  isAtStore: boolean
}

export interface ReadersHost {
  readDone(request: RequestId, bytes: Uint8Array): void
  readFailed(request: RequestId, message: string): void
}

export class Readers {
  readonly #download: Download
  readonly #layout: Layout
  readonly #host: ReadersHost
  readonly #reads = new Map<RequestId, Read>()
  /** The file that each viewer reads, and the piece where it is. */
  readonly #viewers = new Map<number, { readonly file: number; readonly piece: number }>()

  constructor(download: Download, layout: Layout, host: ReadersHost) {
    this.#download = download
    this.#layout = layout
    this.#host = host
  }

  get viewerCount(): number {
    return this.#viewers.size
  }

  read(nowMs: Millis, command: ReadCommand): void {
    const { request, viewer, file, begin } = command
    const stored = this.#layout.files[file]
    const end = stored === undefined ? 0 : Math.min(stored.size, begin + command.size)
    if (stored === undefined || begin < 0 || end <= begin || this.#reads.size >= READS_MAX) {
      this.#host.readFailed(request, 'No such bytes, or too many reads at once.')
      return
    }
    this.#download.demand.endHush()
    const size = Math.min(end - begin, READ_LIMIT_BYTES)
    const piece = this.#layout.pieceAt(file, begin)
    const offset = stored.offset + begin - piece * this.#layout.pieceBytes
    const read: Read = { ...command, size, piece, offset, isAtStore: false }
    this.#reads.set(request, read)
    this.#viewers.set(viewer, { file, piece })
    this.#download.store.viewersAt([...this.#viewers.values()].map(place => place.piece))
    this.#download.picker.readStarted(nowMs, {
      viewer,
      request,
      file: { begin: stored.offset, size: stored.size },
      begin,
      size,
    })
    this.#try(nowMs, read)
  }

  /** Withdraws a read; nothing answers it any more. */
  cancel(nowMs: Millis, request: RequestId): void {
    const read = this.#reads.get(request)
    if (read === undefined) return
    if (read.isAtStore) this.#download.store.cancelRead(request)
    this.#end(nowMs, read, 0)
  }

  /** The viewer is gone, and its reads with it. */
  close(nowMs: Millis, viewer: number): void {
    for (const read of this.#reads.values()) {
      if (read.viewer === viewer) this.cancel(nowMs, read.request)
    }
    if (!this.#viewers.delete(viewer)) return
    this.#download.picker.viewerLeft(nowMs, viewer)
    this.#download.demand.hush(nowMs)
  }

  /** More of `piece` is verified than before. */
  readable(nowMs: Millis, piece: number): void {
    for (const read of this.#reads.values()) {
      if (read.piece === piece && !read.isAtStore) this.#try(nowMs, read)
    }
  }

  /** The store answered. @returns whether the read was of a viewer. */
  storeAnswered(nowMs: Millis, request: RequestId, answer: Uint8Array | string): boolean {
    const read = this.#reads.get(request)
    if (read === undefined) return false
    this.#end(nowMs, read, typeof answer === 'string' ? 0 : answer.length)
    if (typeof answer === 'string') this.#host.readFailed(request, answer)
    else this.#host.readDone(request, answer)
    return true
  }

  /** The torrent is removed or has failed: every read is answered. */
  fail(nowMs: Millis, message: string): void {
    for (const read of this.#reads.values()) {
      this.cancel(nowMs, read.request)
      this.#host.readFailed(read.request, message)
    }
  }

  status(): ViewerStatus[] {
    return [...this.#viewers].flatMap(([viewer, { file }]) => {
      const window = this.#download.picker.windowOf(viewer)
      return window === undefined ? [] : [{ file, ...window }]
    })
  }

  #try(nowMs: Millis, read: Read): void {
    const { store } = this.#download
    if (store.has(read.piece)) {
      read.isAtStore = true
      store.read(nowMs, read.request, read.file, read.begin, read.size)
      this.#download.drainStore()
      return
    }
    const bytes = this.#verifiedBytes(read)
    if (bytes === undefined) return
    this.#end(nowMs, read, bytes.length)
    this.#host.readDone(read.request, bytes)
  }

  /** A copy of what is verified of a piece that is not complete, from the read's first byte on. */
  #verifiedBytes(read: Read): Uint8Array | undefined {
    const open = this.#download.openPieceOf(read.piece)
    if (open === undefined) return undefined
    let block = Math.floor(read.offset / BLOCK_BYTES)
    while (open.isVerified[block] === 1) block++
    const end = Math.min(block * BLOCK_BYTES, open.bytes.length, read.offset + read.size)
    return end > read.offset ? open.bytes.slice(read.offset, end) : undefined
  }

  #end(nowMs: Millis, read: Read, servedBytes: number): void {
    this.#reads.delete(read.request)
    this.#download.picker.readEnded(nowMs, read.request, servedBytes)
  }
}
