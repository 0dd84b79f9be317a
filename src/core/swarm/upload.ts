// Giving back, for `--share`: whom to unchoke, what they asked for, and the blocks on their way. A
// freerider has no such part, and so no way to send a piece.
import {
  BLOCK_BYTES,
  type HashRange,
  WireError,
  writeHashes,
  writeHashReject,
  writePieceHead,
  writePieceIndex,
  writeReject,
  writeSignal,
} from '../wire/index.ts'
import type { Luck, Millis, RequestId } from '../world/index.ts'
import { CHOKE_EVERY_MS, Choker } from './choker.ts'
import type { Download } from './download.ts'
import type { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import type { TokenBucket } from './token-bucket.ts'
import { IMAGE_BLOCKS, WireImages } from './wire-images.ts'
import type { Sharing, SwarmEffect } from './words.ts'

/** Requests that wait for one peer; what `reqq` of most clients is below. More are rejected. */
export const REQUESTS_MAX = 2048
/** Refused requests forgiven a peer per second, beyond one full queue: to ask again at once is a flood. */
const REFUSALS_PER_SECOND = 50
/** Bytes handed to a socket that has not said that it is empty. */
const SEND_AHEAD_BYTES = 1024 * 1024
/** Images being read for all peers together. */
const READS_MAX = 8

const NO_BYTES = new Uint8Array(0)

export interface UploadOptions {
  readonly download: Download
  readonly upLimit: TokenBucket
  readonly luck: Luck
  readonly sharing: Sharing
  readonly outbox: Outbox<SwarmEffect>
  /** A number that no viewer's read has. */
  newRequest(): RequestId
  peers(): Iterable<Peer>
}

/** What one peer waits for. */
interface Queue {
  isChoked: boolean
  /** Block numbers of the picker's geometry, oldest first. */
  blocks: number[]
  /** Those of them that are asked for as if their file went on: to be filled up with zeros. */
  readonly padded: Set<number>
  /** Handed over since the socket was last empty. */
  unsentBytes: number
}

export class Upload {
  readonly #options: UploadOptions
  readonly #choker: Choker
  readonly #images = new WireImages()
  readonly #queues = new Map<Peer, Queue>()
  /** Refused requests not yet forgiven, by peer, and when they were counted. */
  readonly #refusals = new Map<Peer, { readonly count: number; readonly atMs: Millis }>()
  /** Images being read, by the store's request. */
  readonly #reads = new Map<RequestId, number>()
  readonly #imagesPerPiece: number
  #chokeAtMs: Millis = 0
  #rateReadyAtMs: Millis = Number.POSITIVE_INFINITY
  #sentBytes = 0

  constructor(options: UploadOptions) {
    this.#options = options
    this.#choker = new Choker(options.luck)
    const { pieceBytes } = options.download.store.layout
    this.#imagesPerPiece = Math.ceil(pieceBytes / (IMAGE_BLOCKS * BLOCK_BYTES))
  }

  get wakeAtMs(): Millis {
    return this.#queues.size === 0
      ? Number.POSITIVE_INFINITY
      : Math.min(this.#chokeAtMs, this.#rateReadyAtMs)
  }

  wake(nowMs: Millis): void {
    if (nowMs >= this.#rateReadyAtMs) {
      this.#rateReadyAtMs = Number.POSITIVE_INFINITY
      this.#serveAll(nowMs)
    }
    if (nowMs >= this.#chokeAtMs) this.#rechoke(nowMs)
  }

  // ---- what peers say ---------------------------------------------------------------------------

  interestChanged(peer: Peer): void {
    if (peer.isInterested && !this.#queues.has(peer)) {
      this.#queues.set(peer, { isChoked: true, blocks: [], padded: new Set(), unsentBytes: 0 })
    }
    this.#rechoke(peer.nowMs)
  }

  requested(peer: Peer, piece: number, begin: number, size: number): void {
    const queue = this.#queues.get(peer)
    const { download } = this.#options
    const block = piece < download.pieceCount ? download.picker.blockAt(piece, begin) : -1
    const isServed =
      queue !== undefined &&
      !queue.isChoked &&
      block >= 0 &&
      size >= download.picker.bytesOf(block) &&
      size <= BLOCK_BYTES &&
      queue.blocks.length < REQUESTS_MAX &&
      download.store.has(piece)
    if (isServed) {
      queue.blocks.push(block)
      // libtorrent asks for whole blocks at the end of a v2 file: it sees padding behind it.
      if (size > download.picker.bytesOf(block)) queue.padded.add(block)
      this.#dirty.add(peer)
      return
    }
    this.#noteRefusal(peer)
    if (peer.hasFast) writeReject(peer.writer, piece, begin, size)
    else if (size > BLOCK_BYTES) throw new WireError('request-too-large', 0)
  }

  /** @throws WireError where a peer asks on and on for what it is refused: each answer costs more than it. */
  #noteRefusal(peer: Peer): void {
    const { nowMs } = peer
    const last = this.#refusals.get(peer) ?? { count: 0, atMs: nowMs }
    const forgiven = ((nowMs - last.atMs) * REFUSALS_PER_SECOND) / 1000
    const count = Math.max(0, last.count - forgiven) + 1
    if (count > REQUESTS_MAX) throw new WireError('requests-refused', 0)
    this.#refusals.set(peer, { count, atMs: nowMs })
  }

  cancelled(peer: Peer, piece: number, begin: number, size: number): void {
    const { download } = this.#options
    const blocks = this.#queues.get(peer)?.blocks
    const block = piece < download.pieceCount ? download.picker.blockAt(piece, begin) : -1
    const at = blocks?.indexOf(block) ?? -1
    if (blocks === undefined || at < 0) return
    blocks.splice(at, 1)
    this.#queues.get(peer)?.padded.delete(block)
    if (peer.hasFast) writeReject(peer.writer, piece, begin, size)
  }

  /** All that was handed to the peer's socket has left. */
  drained(peer: Peer): void {
    const queue = this.#queues.get(peer)
    if (queue === undefined) return
    queue.unsentBytes = 0
    this.#dirty.add(peer)
  }

  peerLeft(peer: Peer): void {
    if (this.#queues.delete(peer)) this.#chokeAtMs = 0
    this.#dirty.delete(peer)
    this.#refusals.delete(peer)
  }

  /** Tells everybody who lacks it. */
  verified(piece: number): void {
    for (const peer of this.#options.peers()) {
      const isNews = peer.phase === 'open' && peer.pieces?.has(piece) !== true
      if (isNews) writePieceIndex(peer.writer, 'have', piece)
    }
  }

  hashesWanted(peer: Peer, range: HashRange): void {
    const hashes = this.#options.download.proofs.answer(range)
    if (hashes === undefined) writeHashReject(peer.writer, range)
    else writeHashes(peer.writer, range, hashes)
  }

  // ---- serving ----------------------------------------------------------------------------------

  /** Peers whose queue may move: served once at the end of the step, so that runs of blocks form. */
  readonly #dirty = new Set<Peer>()

  /** To be called at the end of every step. */
  settle(nowMs: Millis): void {
    if (this.#dirty.size === 0) return
    for (const peer of this.#dirty) {
      const queue = this.#queues.get(peer)
      if (queue !== undefined) this.#serve(nowMs, peer, queue)
    }
    this.#dirty.clear()
  }

  /** A read of ours. @returns whether it was. */
  readDone(nowMs: Millis, request: RequestId, bytes: Uint8Array): boolean {
    const image = this.#reads.get(request)
    if (image === undefined) return false
    this.#reads.delete(request)
    const piece = Math.floor(image / this.#imagesPerPiece)
    const begin = (image % this.#imagesPerPiece) * IMAGE_BLOCKS * BLOCK_BYTES
    this.#images.keep(image, piece, begin, bytes)
    this.#serveAll(nowMs)
    return true
  }

  readFailed(nowMs: Millis, request: RequestId): void {
    const image = this.#reads.get(request)
    if (image === undefined) return
    this.#reads.delete(request)
    for (const [peer, queue] of this.#queues) {
      const refused = queue.blocks.filter(block => this.#imageOf(block) === image)
      queue.blocks = queue.blocks.filter(block => this.#imageOf(block) !== image)
      for (const block of refused) this.#reject(peer, block)
    }
    this.#serveAll(nowMs)
  }

  #serveAll(nowMs: Millis): void {
    for (const [peer, queue] of this.#queues) this.#serve(nowMs, peer, queue)
  }

  #serve(nowMs: Millis, peer: Peer, queue: Queue): void {
    const { blocks } = queue
    const { upLimit, outbox } = this.#options
    let at = 0
    while (at < blocks.length && queue.unsentBytes < SEND_AHEAD_BYTES) {
      const first = blocks[at] as number
      const image = this.#imageOf(first)
      if (!this.#images.has(image)) {
        this.#read(nowMs, image)
        break
      }
      if (upLimit.available(nowMs) < BLOCK_BYTES) {
        this.#rateReadyAtMs = upLimit.readyAtMs(nowMs, BLOCK_BYTES)
        break
      }
      const isPadded = queue.padded.delete(first)
      const run = upLimit.isUnlimited && !isPadded ? this.#runAt(queue, at, image) : 1
      const views = this.#images.views(image, this.#indexInImage(first), run)
      if (isPadded) this.#writePadded(peer, first, views[1] ?? NO_BYTES)
      peer.flush(nowMs, outbox)
      const sentBytes = isPadded ? BLOCK_BYTES : this.#send(peer, views)
      queue.unsentBytes += sentBytes
      peer.up.note(nowMs, sentBytes)
      this.#sentBytes += sentBytes
      upLimit.take(sentBytes)
      at += run
    }
    if (at > 0) blocks.splice(0, at)
    this.#readAhead(nowMs, blocks)
  }

  #send(peer: Peer, views: readonly Uint8Array[]): number {
    let sentBytes = 0
    for (const view of views) {
      peer.send(this.#options.outbox, view)
      sentBytes += view.length
    }
    return sentBytes
  }

  /** The next image is read while this one is sent. */
  #readAhead(nowMs: Millis, blocks: readonly number[]): void {
    const ahead = blocks[Math.min(blocks.length, 2 * IMAGE_BLOCKS) - 1]
    if (ahead === undefined) return
    const image = this.#imageOf(ahead)
    if (!this.#images.has(image)) this.#read(nowMs, image)
  }

  #writePadded(peer: Peer, block: number, bytes: Uint8Array): void {
    const { picker } = this.#options.download
    writePieceHead(peer.writer, picker.pieceOf(block), picker.beginOf(block), BLOCK_BYTES)
    peer.writer.bytes(bytes)
    peer.writer.bytes(new Uint8Array(BLOCK_BYTES - bytes.length))
  }

  /** How many requests from `at` on ask for neighbours in the same image, as they are. */
  #runAt({ blocks, padded }: Queue, at: number, image: number): number {
    const first = blocks[at] as number
    let run = 1
    while (
      blocks[at + run] === first + run &&
      this.#imageOf(first + run) === image &&
      !padded.has(first + run)
    ) {
      run++
    }
    return run
  }

  #read(nowMs: Millis, image: number): void {
    if (this.#reads.size >= READS_MAX) return
    for (const reading of this.#reads.values()) if (reading === image) return
    const { download } = this.#options
    const piece = Math.floor(image / this.#imagesPerPiece)
    const begin = (image % this.#imagesPerPiece) * IMAGE_BLOCKS * BLOCK_BYTES
    const size = Math.min(
      IMAGE_BLOCKS * BLOCK_BYTES,
      download.store.layout.pieceSize(piece) - begin,
    )
    const request = this.#options.newRequest()
    this.#reads.set(request, image)
    download.store.readBlock(nowMs, request, piece, begin, size)
    download.drainStore()
  }

  #imageOf(block: number): number {
    const { picker } = this.#options.download
    const inPiece = Math.floor(picker.beginOf(block) / (IMAGE_BLOCKS * BLOCK_BYTES))
    return picker.pieceOf(block) * this.#imagesPerPiece + inPiece
  }

  #indexInImage(block: number): number {
    return (this.#options.download.picker.beginOf(block) / BLOCK_BYTES) % IMAGE_BLOCKS
  }

  // ---- choking ----------------------------------------------------------------------------------

  #rechoke(nowMs: Millis): void {
    this.#chokeAtMs = nowMs + CHOKE_EVERY_MS
    const isSeeding = this.#options.download.isComplete
    const chosen = this.#isSpent
      ? new Set<Peer>()
      : this.#choker.choose(nowMs, this.#queues.keys(), isSeeding)
    for (const [peer, queue] of this.#queues) {
      if (peer.phase !== 'open' || queue.isChoked !== chosen.has(peer)) continue
      queue.isChoked = !queue.isChoked
      writeSignal(peer.writer, queue.isChoked ? 'choke' : 'unchoke')
      if (!queue.isChoked) continue
      queue.padded.clear()
      for (const block of queue.blocks.splice(0)) this.#reject(peer, block)
    }
  }

  /** Whether as much was given as the user wants to give. */
  get #isSpent(): boolean {
    const { sharing, download } = this.#options
    if (sharing.kind !== 'full') return true
    const { layout } = download.store
    return this.#sentBytes >= sharing.ratio * layout.pieceBytes * layout.pieceCount
  }

  #reject(peer: Peer, block: number): void {
    const { picker } = this.#options.download
    if (!peer.hasFast) return
    writeReject(peer.writer, picker.pieceOf(block), picker.beginOf(block), picker.bytesOf(block))
  }
}
