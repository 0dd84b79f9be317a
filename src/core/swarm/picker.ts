// Decides which block is asked of which peer. It has no effects of its own: the swarm calls it for everything
// that happens, asks what to send, and sends it. Invariants: a block is in exactly one state; a peer is never
// asked for a block that it is already asked for; nothing is allocated for a block.
//
// It acts on events, not on a tick: `pick` after each block, and for everybody when `isWorkSpread` says that
// work came free (a seek, a late block, a stall, a choke, a bad piece).
import { assert, type BitField } from '../bytes/index.ts'
import type { Millis } from '../world/index.ts'
import { BlockAnswers, type Reception } from './block-answers.ts'
import { BlockChoice } from './block-choice.ts'
import { NOT_OPEN } from './block-table.ts'
import {
  Deadlines,
  type ReadKey,
  type ViewerKey,
  type ViewerRead,
  type Window,
} from './deadline.ts'
import type { BlockNumber, PieceLayout } from './layout.ts'
import type { PairList } from './pair-list.ts'
import { type PeerLink, PeerSpeeds } from './peer-speeds.ts'
import { type PieceState, PieceStates } from './piece-states.ts'
import { BLOCK_BYTES } from './pipeline.ts'
import { type PeerSlot, SLOTS_MAX } from './request-table.ts'
import { SharedQueue } from './shared-queue.ts'
import { Suspects } from './suspects.ts'

/** Late blocks are looked for no more often than this. */
const LATE_PERIOD_MS = 5
/** Due pieces looked at to tell whether a peer is of use after a seek. */
const DUE_LOOKED_AT = 8
/** While somebody waits and nobody is asked, all are tried again after this. */
const IDLE_RETRY_MS = 100

export interface PickerOptions {
  readonly layout: PieceLayout
  /** Pieces in flight, being hashed and being written, together: as many as there are buffers. */
  readonly openPiecesMax: number
  /** Pieces on disk at the start; copied. */
  readonly stored?: BitField
}

export class Picker {
  readonly openPiecesMax: number
  readonly #states: PieceStates
  readonly #speeds: PeerSpeeds
  readonly #deadlines: Deadlines
  readonly #suspects = new Suspects()
  readonly #queue = new SharedQueue()
  readonly #choice: BlockChoice
  readonly #answers: BlockAnswers
  /** By slot: 1 while its last pick found less than it had room for. */
  readonly #isHungry = new Uint8Array(SLOTS_MAX)
  #hungryCount = 0
  readonly #order = new Int32Array(SLOTS_MAX)
  /** When the last block came: about the time of what has none of its own. */
  #nowMs: Millis = 0
  #isWorkSpread = false
  #wakeAtMs: Millis = Number.POSITIVE_INFINITY

  constructor(options: PickerOptions) {
    const { layout, openPiecesMax, stored } = options
    this.openPiecesMax = openPiecesMax
    this.#states = new PieceStates(layout, openPiecesMax, stored)
    this.#speeds = new PeerSpeeds(slot => this.#states.requests.liveOf(slot))
    this.#deadlines = new Deadlines(layout, piece => this.#states.isVerified(piece))
    this.#answers = new BlockAnswers(this.#states, this.#speeds)
    this.#choice = new BlockChoice({
      states: this.#states,
      speeds: this.#speeds,
      deadlines: this.#deadlines,
      suspects: this.#suspects,
    })
  }

  // Geometry.

  /** The block that starts at `begin` in `piece`, or -1: both are a stranger's words. */
  blockAt(piece: number, begin: number): BlockNumber {
    return this.#states.blocks.at(piece, begin)
  }

  pieceOf(block: BlockNumber): number {
    return this.#states.blocks.pieceOf(block)
  }

  /** Where `block` starts inside its piece, in bytes. */
  beginOf(block: BlockNumber): number {
    return this.#states.blocks.beginOf(block)
  }

  /** 16 KiB, or less at the end of a piece. */
  bytesOf(block: BlockNumber): number {
    return this.#states.blocks.bytesOf(block)
  }

  // Peers.

  /**
   * A peer may be asked from now on, once it has unchoked us.
   *
   * @param slot not in use.
   * @param link what is measured of it: read, not changed. `resume` and `noteBlock` are the caller's.
   */
  peerJoined(slot: PeerSlot, link: PeerLink): void {
    assert(slot >= 0 && slot < SLOTS_MAX && !this.#speeds.isJoined(slot), 'slot is in use')
    this.#speeds.join(slot, link)
    this.#states.availability.join(slot)
  }

  /** The connection is gone: its requests return, and the slot is free for another peer. */
  peerLeft(slot: PeerSlot): void {
    if (!this.#speeds.isJoined(slot)) return
    if (this.#states.returnAll(slot) > 0) this.#workCameFree()
    this.#states.forgetGhosts(slot)
    this.#states.availability.leave(slot)
    this.#states.table.forgetSender(slot)
    this.#suspects.peerLeft(slot)
    this.#setHungry(slot, false)
    this.#speeds.leave(slot)
  }

  peerHas(slot: PeerSlot, piece: number): void {
    this.#states.availability.add(slot, piece)
    if (this.#isHungry[slot] === 1) this.#isWorkSpread = true
  }

  peerHasAll(slot: PeerSlot): void {
    this.#states.availability.setAll(slot)
  }

  /** @param bytes a bit field as in BEP 3, lent; bits that it lacks count as 0. */
  peerHasField(slot: PeerSlot, bytes: Uint8Array): void {
    this.#states.availability.setField(slot, bytes)
  }

  /** @see BEP 54 */
  peerLacks(slot: PeerSlot, piece: number): void {
    this.#states.availability.lose(slot, piece)
  }

  /** Whether it has a wanted piece that is not verified. */
  isInteresting(slot: PeerSlot): boolean {
    return this.#states.availability.isInteresting(slot)
  }

  /** Its requests return; blocks that were on their way are still accepted. */
  choked(slot: PeerSlot): void {
    if (this.#states.returnAll(slot) > 0) this.#workCameFree()
    this.#speeds.setChoked(slot, true)
    this.#states.table.disown(slot)
    this.#suspects.unchoose(slot)
  }

  unchoked(slot: PeerSlot): void {
    this.#speeds.setChoked(slot, false)
  }

  /** The peer sends `piece` although it chokes us. @see BEP 6 */
  allowedFast(slot: PeerSlot, piece: number): void {
    this.#speeds.allowFast(slot, piece)
  }

  // Asking.

  /**
   * The blocks to ask of `slot` now; from here on they count as asked.
   *
   * @param room  at most so many: what the peer's pipeline has free.
   * @param out   filled from its start.
   * @returns how many.
   */
  pick(nowMs: Millis, slot: PeerSlot, room: number, out: Int32Array): number {
    const { requests } = this.#states
    const outstanding = requests.liveOf(slot)
    const limit = Math.min(room, out.length, requests.roomLeft, this.#queueRoom(nowMs, slot))
    if (limit <= 0) return 0
    if (requests.liveCount === 0) this.#queue.resume(nowMs)
    const count = this.#choose(nowMs, slot, limit, out)
    // Everybody may have left a block to somebody else: nothing in flight would ever wake them.
    const isIdle = requests.liveCount === 0 && this.#deadlines.count > 0
    if (isIdle) this.#wakeBy(nowMs + IDLE_RETRY_MS)
    if (count === 0) return 0
    if (outstanding === 0) {
      this.#speeds.noteBusy(nowMs, slot)
      this.#wakeBy(this.#speeds.stallAtMs(slot))
    }
    const isWatched = this.#deadlines.count > 0 || this.#choice.isNearEnd
    if (isWatched) this.#wakeBy(nowMs + this.#speeds.lateAfterMs(slot))
    return count
  }

  /** What the queue of a shared link leaves for this peer while somebody watches. */
  #queueRoom(nowMs: Millis, slot: PeerSlot): number {
    const link = this.#speeds.linkOf(slot)
    if (!this.hasWindows || link === undefined) return Number.POSITIVE_INFINITY
    const isNew = this.#speeds.isNew(nowMs, slot)
    const limit = this.#queue.limitFor(nowMs, { link, isNew, of: this.#speeds.joinedCount })
    return limit - this.#states.requests.liveOf(slot)
  }

  #choose(nowMs: Millis, slot: PeerSlot, limit: number, out: Int32Array): number {
    if (this.#speeds.canAsk(nowMs, slot)) {
      const count = this.#choice.choose(nowMs, slot, limit, out)
      this.#setHungry(slot, count < limit)
      return count
    }
    const allowed = this.#speeds.allowedFastOf(slot)
    return allowed.length === 0 ? 0 : this.#choice.chooseFrom(nowMs, slot, { allowed, limit }, out)
  }

  /** Whether work came free that others than the caller may take: `pick` for all of `soonestFirst`. */
  get isWorkSpread(): boolean {
    return this.#isWorkSpread || this.#choice.isSourceChosen
  }

  /** The work has been offered to everybody. */
  workSpread(): void {
    this.#isWorkSpread = false
    this.#choice.isSourceChosen = false
  }

  /** The slots that can be asked and have room, whoever would answer soonest first: a view, valid until the next call. */
  soonestFirst(nowMs: Millis): Int32Array {
    let count = 0
    for (let slot = 0; slot < this.#speeds.slotsUsed; slot++) {
      if (!this.#speeds.canAsk(nowMs, slot)) continue
      if (this.#states.requests.liveOf(slot) >= this.#speeds.targetOf(slot)) continue
      this.#order[count++] = slot
    }
    const slots = this.#order.subarray(0, count)
    return slots.sort((a, b) => this.#speeds.answerMs(a) - this.#speeds.answerMs(b))
  }

  /** Requests to cancel, to be read and cleared after any call. */
  get cancels(): PairList {
    return this.#states.cancels
  }

  /** Pieces that were given up half-way, to be read and cleared after any call: their buffers are free. */
  get closedPieces(): { readonly count: number; readonly pieces: Int32Array; clear(): void } {
    return this.#states.closed
  }

  // Answers.

  /** Whether `received` would accept this block from this peer now. */
  isExpected(slot: PeerSlot, block: BlockNumber): boolean {
    return this.#answers.isExpected(slot, block)
  }

  /** A whole block came from `slot`. Only `unasked` is the peer's fault. */
  received(nowMs: Millis, slot: PeerSlot, block: BlockNumber): Reception {
    const { cancels } = this.#states
    const cancelled = cancels.count
    this.#nowMs = nowMs
    const reception = this.#answers.received(nowMs, slot, block)
    this.#queue.noteBlock(nowMs, this.hasWindows)
    if (cancels.count > cancelled) this.#overtaken(nowMs, cancelled)
    return reception
  }

  /** When the block that was received last had been asked for. */
  get askedAtMs(): Millis {
    return this.#answers.askedAtMs
  }

  /** Peers whose block came from another first: who has been silent meanwhile gets no urgent ones for now. */
  #overtaken(nowMs: Millis, from: number): void {
    const { cancels } = this.#states
    for (let index = from; index < cancels.count; index++) {
      const slot = cancels.slots[index] as PeerSlot
      if (this.#speeds.isSilent(nowMs, slot)) this.#stall(slot)
    }
    this.#isWorkSpread = true
  }

  /** The peer refuses the request (BEP 6): the block is free, and a peer that refuses much is paused. */
  rejected(nowMs: Millis, slot: PeerSlot, block: BlockNumber): void {
    if (!this.withdrawn(slot, block)) return
    this.#wakeBy(this.#speeds.noteRefusal(nowMs, slot))
  }

  /**
   * The request has come to nothing, by nobody's fault: the block is free.
   *
   * @returns whether there was such a request.
   */
  withdrawn(slot: PeerSlot, block: BlockNumber): boolean {
    if (!this.#answers.withdrawn(slot, block)) return false
    this.#workCameFree()
    return true
  }

  // Pieces.

  stateOf(piece: number): PieceState {
    return this.#states.stateOf(piece)
  }

  /** -1, or its place `0..openPiecesMax-1` while it is in flight, hashed or written. */
  openIndex(piece: number): number {
    return this.#states.openOf(piece)
  }

  /**
   * The hash of a completed piece. A bad one is missing again and its buffer the caller's.
   *
   * A bad one is fetched from other peers than before, then from one peer alone.
   *
   * @param source who should then fetch it alone; whoever is soonest where nobody is named.
   */
  pieceHashed(piece: number, isGood: boolean, source?: PeerSlot): void {
    const states = this.#states
    assert(states.stateOf(piece) === 'hashing', 'hashed a piece that was not complete')
    const senders = states.table.sendersOf(states.openOf(piece))
    if (isGood) {
      this.#suspects.pieceVerified(piece, senders)
      states.toWriting(piece)
      return
    }
    this.#suspects.pieceFailed(piece, senders)
    if (source !== undefined) this.#suspects.choose(piece, source)
    this.pieceLost(piece)
    if (!this.#deadlines.isAwaited(piece)) return
    this.#giveWay(this.#nowMs, other => this.#deadlines.isAwaited(other))
  }

  /** It is on the disk, verified, or was found there: its buffer is free for another piece. */
  pieceStored(piece: number): void {
    this.#states.toStored(piece)
    if (this.#hungryCount > 0) this.#isWorkSpread = true
  }

  /** The disk lost it, or it was deleted to make room: missing again, from any state. */
  pieceLost(piece: number): void {
    this.#states.toMissing(piece)
    this.#windowsChanged()
  }

  /** A received block of an open piece does not match its Merkle leaf: it is asked of somebody else. */
  blockFailed(block: BlockNumber): void {
    const { table, blocks } = this.#states
    const piece = blocks.pieceOf(block)
    const open = this.#states.openOf(piece)
    assert(open !== NOT_OPEN, 'block failed of a piece that is not open')
    const index = block % blocks.perPiece
    const sender = table.senderOf(open, index)
    this.#suspects.blockFailed(piece, { index, of: blocks.countOf(piece), sender })
    table.unreceive(open, index)
    this.#states.wastedBlocks++
    this.#workCameFree()
  }

  /** Which pieces are wanted; `undefined` for all. Viewers' windows are fetched in any case. */
  setWanted(wanted: BitField | undefined): void {
    this.#states.setWanted(wanted)
    this.#states.giveUpUnwanted(piece => this.#deadlines.covers(piece))
    this.#workCameFree()
  }

  /** A ceiling is reached: nothing outside of the viewers' windows is asked for. */
  setWindowsOnly(isWindowsOnly: boolean): void {
    if (this.#choice.isWindowsOnly === isWindowsOnly) return
    this.#choice.isWindowsOnly = isWindowsOnly
    this.#workCameFree()
  }

  // Viewers.

  /** A viewer waits for bytes: its window is there now, and what it left is cancelled. */
  readStarted(nowMs: Millis, read: ViewerRead): void {
    const isJump = this.#deadlines.readStarted(nowMs, read)
    if (isJump) this.#giveWay(nowMs, piece => this.#deadlines.covers(piece))
    this.#workCameFree()
  }

  /** The read was answered, or withdrawn with 0 bytes. */
  readEnded(nowMs: Millis, request: ReadKey, servedBytes: number): void {
    this.#deadlines.readEnded(nowMs, request, servedBytes)
    this.#workCameFree()
  }

  viewerLeft(_nowMs: Millis, viewer: ViewerKey): void {
    this.#deadlines.viewerLeft(viewer)
    this.#states.giveUpUnwanted(piece => this.#deadlines.covers(piece))
    this.#workCameFree()
  }

  windowOf(viewer: ViewerKey): Window | undefined {
    return this.#deadlines.windowOf(viewer)
  }

  get hasWindows(): boolean {
    return this.#deadlines.viewerCount > 0
  }

  /** Verified bytes of a whole piece, lent: a container may tell from them where its index lies. */
  pieceBytes(piece: number, bytes: Uint8Array): void {
    if (this.#deadlines.feed(piece, bytes)) this.#workCameFree()
  }

  /** -1, or a verified piece whose bytes would tell more: read it and call `pieceBytes`. */
  get indexWants(): number {
    return this.#deadlines.waitsFor
  }

  // Time.

  get wakeAtMs(): Millis {
    return this.#wakeAtMs
  }

  /** Looks for stalled peers and late blocks. To be called at `wakeAtMs`, or at any time. */
  wake(nowMs: Millis): void {
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    for (let slot = 0; slot < this.#speeds.slotsUsed; slot++) {
      if (nowMs >= this.#speeds.stallAtMs(slot)) this.#stall(slot)
      if (this.#speeds.giveUp(nowMs, slot)) this.#stall(slot, true)
      this.#wakeBy(Math.min(this.#speeds.stallAtMs(slot), this.#speeds.readyAtMs(nowMs, slot)))
    }
    const isWatched = this.#deadlines.count > 0 || this.#choice.isNearEnd
    if (isWatched) this.#wakeBy(Math.max(nowMs + LATE_PERIOD_MS, this.#choice.findLate(nowMs)))
    const mayHelp = this.#hungryCount > 0 || this.#deadlines.count > 0
    if (this.#choice.lateCount > 0 || mayHelp) this.#isWorkSpread = true
  }

  /** No block for 2 s or 4 of its mean answer times, while asked: it gets no urgent blocks until it sends one. */
  isStalled(slot: PeerSlot): boolean {
    return this.#speeds.isStalled(slot)
  }

  /** Since when it has sent nothing although asked; `Infinity` where nothing is asked. */
  silentSinceMs(slot: PeerSlot): Millis {
    return this.#speeds.silentSinceMs(slot)
  }

  outstandingOf(slot: PeerSlot): number {
    return this.#states.requests.liveOf(slot)
  }

  /** Received and of no use: twice, unasked, bad, or of a piece given up half-way. */
  get wastedBytes(): number {
    return this.#states.wastedBlocks * BLOCK_BYTES
  }

  // Below: what several of the above do.

  #wakeBy(atMs: Millis): void {
    if (atMs < this.#wakeAtMs) this.#wakeAtMs = atMs
  }

  #workCameFree(): void {
    this.#choice.restartDue()
    this.#speeds.forgetSums()
    this.#isWorkSpread = true
  }

  #windowsChanged(): void {
    if (this.hasWindows) this.#deadlines.rebuild()
    this.#workCameFree()
  }

  #setHungry(slot: PeerSlot, isHungry: boolean): void {
    const now = isHungry ? 1 : 0
    this.#hungryCount += now - (this.#isHungry[slot] as number)
    this.#isHungry[slot] = now
  }

  #stall(slot: PeerSlot, isGivenUp = false): void {
    this.#speeds.setStalled(slot)
    this.#states.table.disown(slot)
    this.#suspects.unchoose(slot)
    this.#states.withdrawWhere(slot, piece => isGivenUp || this.#deadlines.covers(piece))
    this.#workCameFree()
  }

  /** What is in flight for other pieces than those to keep gives way, where the peer is of use for due ones. */
  #giveWay(nowMs: Millis, isKept: (piece: number) => boolean): void {
    const { requests } = this.#states
    this.#queue.forgiveGap()
    for (let slot = 0; slot < this.#speeds.slotsUsed; slot++) {
      if (!this.#hasDue(slot)) continue
      const before = requests.liveOf(slot)
      this.#states.withdrawWhere(slot, piece => !isKept(piece))
      const count = before - requests.liveOf(slot)
      if (count > 0) this.#wakeBy(this.#speeds.noteWithdrawn(nowMs, slot, count))
    }
  }

  /** Whether a peer could help with one of the next few due pieces: else its requests are best left alone. */
  #hasDue(slot: PeerSlot): boolean {
    const { availability } = this.#states
    const count = Math.min(DUE_LOOKED_AT, this.#deadlines.count)
    for (let rank = 0; rank < count; rank++) {
      if (availability.has(slot, this.#deadlines.pieces[rank] as number)) return true
    }
    return false
  }
}
