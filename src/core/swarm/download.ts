// What is done with the blocks of one torrent: asked for by the picker's choice, assembled, verified, given
// to the store, and to whoever waits to read them. Nothing leaves here that is not verified.
import { assert, type BitField } from '../bytes/index.ts'
import type { Layout, Store, StoreNotice } from '../storage/index.ts'
import { BLOCK_BYTES, type HashRange, type Metainfo, WireError } from '../wire/index.ts'
import type { Digests, Millis, RequestId, WorldInput } from '../world/index.ts'
import { BufferPool, OpenPiece } from './assembly.ts'
import { Blame } from './blame.ts'
import { Demand } from './demand.ts'
import type { DownloadHost } from './download-host.ts'
import type { Peer } from './peer.ts'
import { Picker } from './picker.ts'
import { PieceProofs } from './proofs.ts'
import type { TokenBucket } from './token-bucket.ts'

/** Blocks asked of one peer in one call: a full pipeline. */
const PICK_MAX = 1024
/** Above this many in flight requests leave in batches of a quarter: each send is a system call. */
const BATCH_ABOVE_BLOCKS = 32
/** Blocks that were never asked for, tolerated of a peer, besides the withdrawn ones, which are expected. */
const UNASKED_MAX = 64

export interface DownloadOptions {
  readonly metainfo: Metainfo
  readonly layout: Layout
  readonly store: Store
  readonly digests: Digests
  readonly downLimit: TokenBucket
  readonly host: DownloadHost
}

export class Download {
  readonly picker: Picker
  readonly pieceCount: number
  readonly store: Store
  readonly proofs: PieceProofs
  readonly demand: Demand
  /** Bytes of blocks that were accepted. */
  receivedBytes = 0
  readonly #options: DownloadOptions
  readonly #host: DownloadHost
  readonly #pool: BufferPool
  readonly #blame: Blame
  /** By the picker's open index. */
  readonly #open: (OpenPiece | undefined)[]
  /** Pieces at the hasher, by request; `open` absent: found on the disk. */
  readonly #hashing = new Map<RequestId, { piece: number; open: OpenPiece | undefined }>()
  readonly #picked = new Int32Array(PICK_MAX)
  readonly #unasked = new Map<number, number>()
  /** Whether what lay on the disk at the start has been checked; nothing is asked for before. */
  isChecked = false
  /** Time of the present step; the store wants it with every call. */
  nowMs: Millis = 0
  #overtakenBytes = 0
  /** Somebody was not asked because too much waits to be written. */
  #waitsForDisk = false
  /** When the rate limit lets more be asked for; `Infinity` while it stops nobody. */
  #rateReadyAtMs: Millis = Number.POSITIVE_INFINITY

  constructor(options: DownloadOptions) {
    const { layout, metainfo, digests, host } = options
    const { pieceCount, pieceBytes } = layout
    this.#options = options
    this.#host = host
    this.store = options.store
    this.pieceCount = pieceCount
    this.#pool = new BufferPool(pieceBytes)
    this.#blame = new Blame(digests.sha1)
    this.proofs = new PieceProofs(metainfo, digests)
    this.picker = new Picker({
      layout: { pieceCount, pieceBytes, sizeOf: piece => layout.pieceSize(piece) },
      openPiecesMax: this.#pool.buffersMax,
    })
    this.demand = new Demand(this.picker, this.pieceCount)
    this.#open = new Array<OpenPiece | undefined>(this.#pool.buffersMax).fill(undefined)
  }

  // ---- peers ------------------------------------------------------------------------------------

  peerJoined(peer: Peer): void {
    this.picker.peerJoined(peer.slot, peer.pipeline)
    peer.learnPieceCount()
    if (!peer.isChokingUs) this.picker.unchoked(peer.slot)
    this.demand.isEveryoneDue = true
  }

  peerLeft(peer: Peer): void {
    this.picker.peerLeft(peer.slot)
    this.#unasked.delete(peer.number)
    this.proofs.peerLeft(peer.number)
  }

  peerHas(peer: Peer, piece: number): void {
    this.picker.peerHas(peer.slot, piece)
  }

  /** All that `peer.pieces` says, at once. */
  peerHasField(peer: Peer): void {
    if (peer.pieces?.isFull === true) this.picker.peerHasAll(peer.slot)
    else if (peer.pieces !== undefined) this.picker.peerHasField(peer.slot, peer.pieces.bytes)
  }

  peerLacks(peer: Peer, piece: number): void {
    if (piece < this.pieceCount && peer.pieces?.remove(piece) === true) {
      this.picker.peerLacks(peer.slot, piece)
    }
  }

  choked(peer: Peer): void {
    this.picker.choked(peer.slot)
  }

  unchoked(peer: Peer): void {
    this.picker.unchoked(peer.slot)
  }

  allowedFast(peer: Peer, piece: number): void {
    if (piece < this.pieceCount) this.picker.allowedFast(peer.slot, piece)
  }

  rejected(peer: Peer, piece: number, begin: number, size: number): void {
    const block = this.#blockAt(piece, begin)
    if (block < 0 || this.picker.bytesOf(block) !== size) throw new WireError('reject-unasked', 0)
    this.picker.rejected(peer.nowMs, peer.slot, block)
  }

  // ---- asking -----------------------------------------------------------------------------------

  /** Asks `peer` for as much as its link takes now. */
  ask(nowMs: Millis, peer: Peer): void {
    if (peer.phase !== 'open' || !this.isChecked) return
    if (this.store.isFull) {
      this.#waitsForDisk = true
      return
    }
    const { picker } = this
    peer.setInteresting(picker.isInteresting(peer.slot))
    const target = peer.pipeline.targetBlocks
    const outstanding = picker.outstandingOf(peer.slot)
    const free = target - outstanding
    if (free <= 0 || (target > BATCH_ABOVE_BLOCKS && free < target >> 2)) return
    const { downLimit } = this.#options
    const allowed = Math.floor(downLimit.available(nowMs) / BLOCK_BYTES)
    const count = picker.pick(nowMs, peer.slot, Math.min(free, allowed, PICK_MAX), this.#picked)
    downLimit.take(count * BLOCK_BYTES)
    if (allowed < free && count === allowed) {
      this.#rateReadyAtMs = downLimit.readyAtMs(nowMs, BLOCK_BYTES)
    }
    if (count === 0) return
    if (outstanding === 0) peer.pipeline.resume(nowMs)
    this.#prepareProofs(nowMs, peer, count)
    for (let index = 0; index < count; index++) {
      const block = this.#picked[index] as number
      peer.request(picker.pieceOf(block), picker.beginOf(block), picker.bytesOf(block))
    }
  }

  /** Hash requests leave before the requests of the blocks that they will prove. */
  #prepareProofs(nowMs: Millis, peer: Peer, count: number): void {
    if (!this.proofs.isNeeded) return
    let last = -1
    for (let index = 0; index < count; index++) {
      const piece = this.picker.pieceOf(this.#picked[index] as number)
      if (piece !== last) this.proofs.prepare(piece, this.picker.hasWindows, this.#leavesCame)
      last = piece
    }
    if (peer.isV2) this.proofs.ask(nowMs, [peer])
  }

  /** Blocks that came before their hashes are verified now. */
  readonly #leavesCame = (piece: number): void => {
    const open = this.openPieceOf(piece)
    if (open === undefined) return
    for (let block = 0; block < open.isComplete.length; block++) {
      if (open.isComplete[block] === 0 || open.isVerified[block] === 1) continue
      if (!this.proofs.hasLeaf(piece, block)) continue
      if (this.proofs.isLeafRight(open, block)) open.isVerified[block] = 1
      else this.#badBlock(open, block)
    }
    this.#host.readable(piece)
  }

  /** Sends what the picker withdrew, and lets go of pieces that it gave up. */
  settle(): void {
    const { cancels, closedPieces } = this.picker
    for (let index = 0; index < cancels.count; index++) {
      const block = cancels.blocks[index] as number
      const peer = this.#host.peerAt(cancels.slots[index] as number)
      const { picker } = this
      peer?.cancel(picker.pieceOf(block), picker.beginOf(block), picker.bytesOf(block))
    }
    cancels.clear()
    if (closedPieces.count === 0) return
    for (let index = 0; index < closedPieces.count; index++) {
      const piece = closedPieces.pieces[index] as number
      const at = this.#open.findIndex(open => open?.piece === piece)
      if (at >= 0) this.#discard(this.#open[at] as OpenPiece, at)
    }
    closedPieces.clear()
  }

  // ---- blocks: the hot path ---------------------------------------------------------------------

  /** A block begins to arrive: decides whether its bytes are wanted, and where they go. */
  blockStarted(peer: Peer, piece: number, begin: number, size: number): void {
    const block = this.#blockAt(piece, begin)
    if (block < 0 || this.picker.bytesOf(block) !== size) throw new WireError('block-unasked', 0)
    peer.block = block
    peer.blockIndex = begin / BLOCK_BYTES
    peer.blockSize = size
    peer.open = undefined
    if (!this.picker.isExpected(peer.slot, block)) return
    const open = this.#openPiece(piece)
    if (open?.begin(peer.blockIndex, peer.number) !== true) return
    peer.open = open
    peer.writeAt = begin
  }

  /** All bytes of the block have arrived. */
  blockEnded(peer: Peer): void {
    const { open, block, blockIndex: index } = peer
    const { picker } = this
    peer.open = undefined
    if (open === undefined || !open.complete(index, peer.number)) {
      this.#overtaken(peer)
      return
    }
    const outcome = picker.received(peer.nowMs, peer.slot, block)
    if (outcome === 'duplicate' || outcome === 'unasked') {
      this.#unwanted(peer, outcome === 'unasked')
      return
    }
    this.receivedBytes += peer.blockSize
    peer.hasHelped = true
    peer.pipeline.noteBlock(peer.nowMs, peer.blockSize, picker.askedAtMs)
    if (this.proofs.hasLeaf(open.piece, index) && !this.#checkLeaf(open, index)) return
    if (outcome === 'completes') this.#completed(open)
  }

  #blockAt(piece: number, begin: number): number {
    return piece < this.pieceCount ? this.picker.blockAt(piece, begin) : -1
  }

  #openPiece(piece: number): OpenPiece | undefined {
    const at = this.picker.openIndex(piece)
    if (at < 0) return undefined
    const known = this.#open[at]
    if (known !== undefined && known.piece === piece) return known
    assert(known === undefined, 'a piece was given the place of another')
    const size = this.#options.layout.pieceSize(piece)
    const open = new OpenPiece(piece, this.#pool.take().subarray(0, size))
    this.#open[at] = open
    return open
  }

  /** The bytes of this block were not kept: it is here already, or another copy of it is on its way. */
  #overtaken(peer: Peer): void {
    const { block } = peer
    if (this.picker.isExpected(peer.slot, block)) {
      this.#overtakenBytes += peer.blockSize
      this.picker.withdrawn(peer.slot, block)
    } else {
      this.#unwanted(peer, this.picker.received(peer.nowMs, peer.slot, block) === 'unasked')
    }
  }

  #unwanted(peer: Peer, isUnasked: boolean): void {
    if (!isUnasked) return
    const count = (this.#unasked.get(peer.number) ?? 0) + 1
    this.#unasked.set(peer.number, count)
    if (count > UNASKED_MAX) throw new WireError('block-unasked', 0)
  }

  /** A block whose hash is known is verified at once: a big piece then does not delay the head. */
  #checkLeaf(open: OpenPiece, index: number): boolean {
    if (this.proofs.isLeafRight(open, index)) {
      open.isVerified[index] = 1
      this.#host.readable(open.piece)
      return true
    }
    this.#badBlock(open, index)
    return false
  }

  #badBlock(open: OpenPiece, index: number): void {
    const sender = open.senders[index] as number
    this.#forgetBlock(open, index)
    this.#convict(sender, 'bad-block')
  }

  #forgetBlock(open: OpenPiece, index: number): void {
    open.forget(index)
    this.picker.blockFailed(this.picker.blockAt(open.piece, index * BLOCK_BYTES))
  }

  // ---- pieces -----------------------------------------------------------------------------------

  #completed(open: OpenPiece): void {
    if (open.isVerified.every(flag => flag === 1)) this.#good(open)
    else this.#check(open.piece, open.bytes, open)
  }

  /** Proves `bytes` in whichever way the piece can be proved. */
  #check(piece: number, bytes: Uint8Array, open: OpenPiece | undefined): void {
    const way = this.proofs.wayOf(piece)
    if (way === 'merkle') {
      this.#checked(piece, open, this.proofs.isTreeRight(piece, bytes))
    } else if (way === 'sha1') {
      const request = this.#host.newRequest()
      this.#hashing.set(request, { piece, open })
      this.#host.outbox.push({ kind: 'hash', request, algorithm: 'sha1', bytes })
    } else this.proofs.park(piece, () => this.#check(piece, bytes, open))
  }

  /** The world's answer. @returns whether the request was ours. */
  hashed(request: RequestId, digest: Uint8Array): boolean {
    const job = this.#hashing.get(request)
    if (job === undefined) return false
    this.#hashing.delete(request)
    this.#checked(job.piece, job.open, this.proofs.isDigestRight(job.piece, digest))
    return true
  }

  #checked(piece: number, open: OpenPiece | undefined, isRight: boolean): void {
    if (open === undefined) {
      this.store.checked(this.nowMs, piece, isRight)
      if (isRight) this.#host.verified(piece)
      this.drainStore()
    } else if (isRight) this.#good(open)
    else this.#bad(open)
  }

  #good(open: OpenPiece): void {
    const { piece, bytes } = open
    this.#open[this.picker.openIndex(piece)] = undefined
    for (const liar of this.#blame.proved(open)) this.#convict(liar, 'bad-block')
    for (const sender of new Set(open.senders)) {
      const peer = this.#host.peerOf(sender)
      if (peer !== undefined) peer.candidate.givenBytes += bytes.length
    }
    open.isClosed = true
    this.picker.pieceHashed(piece, true)
    this.picker.pieceBytes(piece, bytes)
    this.store.put(this.nowMs, piece, bytes)
    this.#host.verified(piece)
    this.#host.readable(piece)
    this.drainStore()
  }

  #bad(open: OpenPiece): void {
    if (this.#blame.mend(open)) this.#check(open.piece, open.bytes, open)
    else this.#fetchAgain(open, this.#blame.failed(open))
  }

  #fetchAgain(open: OpenPiece, liar: number | undefined): void {
    const { piece } = open
    const source = this.#host.peerOf(this.#blame.leastSuspect(piece) ?? -1)
    const at = this.picker.openIndex(piece)
    this.picker.pieceHashed(piece, false, source?.slot)
    this.#discard(open, at)
    if (liar !== undefined) this.#convict(liar, 'bad-piece')
  }

  /** A proved liar goes, and what it sent of pieces not yet complete is not waited to be found wrong. */
  #convict(liar: number, reason: string): void {
    for (const open of this.#open) {
      if (open === undefined || this.picker.stateOf(open.piece) !== 'in-flight') continue
      for (const index of open.blocksFrom(liar)) this.#forgetBlock(open, index)
    }
    this.#host.ban(liar, reason)
  }

  #discard(open: OpenPiece, at: number): void {
    open.isClosed = true
    this.#open[at] = undefined
    this.#pool.giveBack(open.bytes)
  }

  /** The open piece `piece`, of which verified blocks can be read. */
  openPieceOf(piece: number): OpenPiece | undefined {
    const at = this.picker.openIndex(piece)
    return at < 0 ? undefined : this.#open[at]
  }

  // ---- the store --------------------------------------------------------------------------------

  /** The disk's answer to the store. */
  diskAnswered(
    nowMs: Millis,
    input: Extract<WorldInput, { kind: 'disk-read-done' | 'disk-written' | 'disk-failed' }>,
  ): void {
    this.store.step(nowMs, input)
    this.drainStore()
    if (!this.#waitsForDisk || this.store.isFull) return
    this.#waitsForDisk = false
    this.demand.isEveryoneDue = true
  }

  /** Reads what the store has to say and to do. To be called after every call of it. */
  drainStore(): void {
    for (const notice of this.store.notices()) this.#storeNotice(notice)
    this.demand.setFullUp(this.store.isFullUp)
    for (const effect of this.store.drain()) this.#host.outbox.push(effect)
  }

  #storeNotice(notice: StoreNotice): void {
    switch (notice.kind) {
      case 'stored':
        this.picker.pieceStored(notice.piece)
        this.demand.stored(notice.piece)
        break
      case 'released':
        this.#pool.giveBack(notice.bytes)
        break
      case 'check':
        this.#check(notice.piece, notice.bytes, undefined)
        break
      case 'check-done':
        this.isChecked = true
        this.demand.isEveryoneDue = true
        break
      case 'problem':
        if (notice.problem === 'store-limit') this.demand.setFullUp(true)
        break
      case 'solved':
        if (notice.problem === 'store-limit') this.demand.setFullUp(false)
        break
      case 'dropped':
        this.picker.pieceLost(notice.piece)
        this.demand.dropped(notice.piece)
        break
      default:
    }
    this.#host.storeNotice(notice)
  }

  // ---- hashes of v2 -----------------------------------------------------------------------------

  hashesCame(peer: Peer, range: HashRange, hashes: Uint8Array): void {
    const isRight = this.proofs.hashesCame(peer.number, range, hashes)
    if (!isRight) this.#host.ban(peer.number, 'bad-hashes')
  }

  hashesRejected(peer: Peer, range: HashRange): void {
    this.proofs.hashesRejected(peer.number, range)
  }

  /** Puts open hash requests to whoever can answer them. */
  askHashes(nowMs: Millis, peers: Iterable<Peer>): void {
    this.proofs.ask(nowMs, peers)
  }

  /** Bytes that came and were thrown away: twice, too late, or wrong. */
  get wastedBytes(): number {
    return this.picker.wastedBytes + this.#overtakenBytes
  }

  // ---- what is wanted, and when -----------------------------------------------------------------

  /** Which pieces are wanted: `undefined` for all. */
  setWanted(pieces: BitField | undefined): void {
    this.demand.setWanted(pieces, this.store.stored)
  }

  /** Every wanted piece is on the disk. */
  get isComplete(): boolean {
    return this.isChecked && this.demand.isMet
  }

  /** Every piece is on the disk. */
  get isWhole(): boolean {
    return this.store.stored.isFull
  }

  get wakeAtMs(): Millis {
    const { picker, store, proofs, demand } = this
    const ownMs = Math.min(this.#rateReadyAtMs, demand.wakeAtMs)
    return Math.min(picker.wakeAtMs, store.wakeAtMs, proofs.wakeAtMs, ownMs)
  }

  wake(nowMs: Millis): void {
    if (nowMs >= this.picker.wakeAtMs) this.picker.wake(nowMs)
    if (nowMs >= this.#rateReadyAtMs) {
      this.#rateReadyAtMs = Number.POSITIVE_INFINITY
      this.demand.isEveryoneDue = true
    }
    this.demand.wake(nowMs)
    if (nowMs < this.store.wakeAtMs) return
    this.store.step(nowMs, { kind: 'wake' })
    this.drainStore()
  }
}
