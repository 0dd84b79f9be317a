// Which blocks to ask of a peer that has room, in this order: late blocks, blocks that viewers wait for, what
// is left of open pieces, new pieces, and at the very end blocks that a slower peer holds.
import type { Millis } from '../world/index.ts'
import { NOBODY, NOT_OPEN, type OpenIndex } from './block-table.ts'
import { AT_ONCE, type Deadlines } from './deadline.ts'
import type { Need, PeerSpeeds } from './peer-speeds.ts'
import type { PieceStates } from './piece-states.ts'
import { BLOCK_BYTES } from './pipeline.ts'
import { NO_ROW, type PeerSlot, type Row } from './request-table.ts'
import type { Suspects } from './suspects.ts'

/** Places among the open pieces that only viewers' pieces may take. */
const RESERVED_OPEN_MAX = 2
/** A late block matters when its piece is due this soon. */
const LATE_MATTERS_MS = 10_000
/** A peer that needs longer for a whole piece does not get one of its own. */
const OWN_PIECE_MAX_MS = 2000
/** In place of an owner: whoever it is. */
const ANYBODY = -1
/** The due time of what no viewer waits for: such a block may be late, but never too far back in a queue. */
const NEVER_TOO_FAR_BACK_MS = Number.MAX_VALUE
/** Late blocks known at once; more are found when these are asked for. */
export const LATE_MAX = 64
/** Rates are guesses: a block left to others that they do not take costs more than one taken by a slower peer. */
const SOON_FACTOR = 1.25
/** Whoever answers nearly as soon as the soonest is never too slow. */
const BEST_FACTOR = 1.1
/** Blocks of one piece that a peer may have in any case before anything is known of it. */
const FIRST_SHARE_MIN = 4
/** With this part of the time until a piece is due, a slow peer may have it. */
const DUE_PART = 0.5
/** Pieces that a slow peer is tried on before it goes to what no viewer waits for. */
const TRIED_MAX = 512
/**
 * Copies asked on suspicion may waste 3 % of what was received (5 % is the promise). At the start, as much of
 * the whole, within these bounds: most has to be guessed while nothing is measured.
 */
const WASTE_PART = 0.03
const WASTE_FREE_BLOCKS_MIN = 4
const WASTE_FREE_BLOCKS_MAX = 16
/** A block far back in a queue is asked once more of a peer that needs half of the time, and this much less. */
const AGAIN_FACTOR = 2
const AGAIN_SLACK_MS = 100
/** At the end, where nobody waits for that block, it has to be worth more. */
const AGAIN_SLACK_AT_END_MS = 500

function needBy(dueMs: Millis): Need {
  if (dueMs === AT_ONCE) return 'read'
  return dueMs < NEVER_TOO_FAR_BACK_MS ? 'viewer' : 'nobody'
}

interface Parts {
  readonly states: PieceStates
  readonly speeds: PeerSpeeds
  readonly deadlines: Deadlines
  readonly suspects: Suspects
}

export class BlockChoice {
  /** A peer was chosen to fetch a piece alone, and has to be asked to. */
  isSourceChosen = false
  /** Nothing outside of the viewers' windows is asked for. */
  isWindowsOnly = false
  readonly #states: PieceStates
  readonly #speeds: PeerSpeeds
  readonly #deadlines: Deadlines
  readonly #suspects: Suspects
  /** Every due piece before this rank has no free block. */
  #dueFrom = 0
  readonly #late = new Int32Array(LATE_MAX)
  readonly #dueMs: Float64Array
  readonly #wasteFreeBlocks: number
  #lateCount = 0
  #out: Int32Array = new Int32Array(0)
  #count = 0
  #limit = 0
  #limitLater = 0

  constructor(parts: Parts) {
    this.#states = parts.states
    this.#dueMs = new Float64Array(parts.states.table.openMax)
    const { blocks } = parts.states
    const part = Math.floor(blocks.layout.pieceCount * blocks.perPiece * WASTE_PART)
    this.#wasteFreeBlocks = Math.min(WASTE_FREE_BLOCKS_MAX, Math.max(WASTE_FREE_BLOCKS_MIN, part))
    this.#speeds = parts.speeds
    this.#deadlines = parts.deadlines
    this.#suspects = parts.suspects
  }

  /** Due pieces may have free blocks again, or the list is another. */
  restartDue(): void {
    this.#dueFrom = 0
  }

  /** Whether every wanted piece is at least in flight. */
  get isNearEnd(): boolean {
    return this.isWindowsOnly || this.#states.availability.openable.count === 0
  }

  /** Writes at most `limit` blocks to `out`, asked of `slot` from now on. @returns how many. */
  choose(nowMs: Millis, slot: PeerSlot, limit: number, out: Int32Array): number {
    this.#out = out
    this.#count = 0
    this.#limit = limit
    // Only what a read waits for is asked on top of what is still draining from before a jump.
    this.#limitLater = Math.max(0, limit - this.#speeds.drainingOf(nowMs, slot))
    const mayHurry = !this.#speeds.isStalled(slot)
    if (mayHurry && this.#lateCount > 0) this.#chooseLate(nowMs, slot)
    if (mayHurry && this.#deadlines.count > 0) this.#chooseDue(nowMs, slot)
    this.#limit = this.#limitLater
    if (!this.isWindowsOnly && this.#count < this.#limit) this.#chooseOrdinary(nowMs, slot)
    if (mayHurry && this.#count < this.#limit) this.#chooseAgain(nowMs, slot)
    return this.#count
  }

  /** As `choose`, from the `allowed` pieces only; where there are viewers, only what they wait for. */
  chooseFrom(
    nowMs: Millis,
    slot: PeerSlot,
    bounds: { readonly allowed: readonly number[]; readonly limit: number },
    out: Int32Array,
  ): number {
    this.#out = out
    this.#count = 0
    this.#limit = bounds.limit
    const { table, availability } = this.#states
    for (const piece of bounds.allowed) {
      const isNeeded =
        this.#deadlines.count > 0 ? this.#deadlines.covers(piece) : availability.lacking.has(piece)
      if (!isNeeded || !availability.has(slot, piece)) continue
      const canOpen = this.#states.isMissing(piece) && table.unusedCount > RESERVED_OPEN_MAX
      const open = canOpen ? this.#states.open(piece) : this.#states.openOf(piece)
      if (open !== NOT_OPEN) this.#takeFree(nowMs, slot, open)
    }
    return this.#count
  }

  /**
   * Looks for late blocks: asked of one peer only and needed soon, and either longer ago than its mean + sigma
   * or so far back in its queue that they would come too late, while another would be twice as soon.
   *
   * @returns when the next block becomes late; `Infinity` when none is asked for.
   */
  findLate(nowMs: Millis): Millis {
    this.#lateCount = 0
    this.#readDueTimes(nowMs)
    let nextMs = Number.POSITIVE_INFINITY
    const { requests, blocks } = this.#states
    for (let slot = 0; slot < this.#speeds.slotsUsed; slot++) {
      let place = 0
      for (let row = requests.firstLive(slot); row !== NO_ROW; row = requests.after(row)) {
        place++
        const open = this.#states.openOf(blocks.pieceOf(requests.block[row] as number))
        const dueMs = this.#dueMs[open] as Millis
        if (dueMs === Number.POSITIVE_INFINITY || !this.#isSingle(open, row)) continue
        const lateMs = this.#speeds.lateAtMs(slot, requests.askedMs[row] as Millis, needBy(dueMs))
        const isLate = lateMs <= nowMs || this.#isTooFarBack(nowMs, slot, place, dueMs)
        if (!isLate) nextMs = Math.min(nextMs, lateMs)
        else if (this.#lateCount < LATE_MAX)
          this.#late[this.#lateCount++] = requests.block[row] as number
      }
    }
    return nextMs
  }

  get lateCount(): number {
    return this.#lateCount
  }

  /** By open piece: when it is due, if that is soon. Near the end all are due, though nobody waits. */
  #readDueTimes(nowMs: Millis): void {
    this.#dueMs.fill(this.isNearEnd ? NEVER_TOO_FAR_BACK_MS : Number.POSITIVE_INFINITY)
    const deadlines = this.#deadlines
    for (let rank = 0; rank < deadlines.count; rank++) {
      const dueMs = deadlines.dueMs[rank] as Millis
      if (dueMs > nowMs + LATE_MATTERS_MS) return
      const open = this.#states.openOf(deadlines.pieces[rank] as number)
      if (open !== NOT_OPEN) this.#dueMs[open] = dueMs
    }
  }

  /** Whether `row` is the only request for its block. */
  #isSingle(open: OpenIndex, row: Row): boolean {
    const { table, requests, blocks } = this.#states
    const index = (requests.block[row] as number) % blocks.perPiece
    return table.firstRow(open, index) === row && requests.nextOfBlock[row] === NO_ROW
  }

  /** Whether the block at this place of a peer's queue comes after it is due, and another could be sooner. */
  #isTooFarBack(nowMs: Millis, slot: PeerSlot, place: number, dueMs: Millis): boolean {
    const leftMs = this.#speeds.leftMs(nowMs, slot, place)
    const soonerMs = AGAIN_FACTOR * this.#speeds.bestAnswerMs(nowMs) + AGAIN_SLACK_MS
    return nowMs + leftMs > dueMs && leftMs > soonerMs
  }

  #chooseLate(nowMs: Millis, slot: PeerSlot): void {
    const states = this.#states
    let kept = 0
    for (let at = 0; at < this.#lateCount; at++) {
      const block = this.#late[at] as number
      const open = states.openOf(states.blocks.pieceOf(block))
      const index = block % states.blocks.perPiece
      const row = open === NOT_OPEN ? NO_ROW : states.table.firstRow(open, index)
      if (row === NO_ROW || states.requests.nextOfBlock[row] !== NO_ROW) continue
      const isTaken = this.#count < this.#limit && this.#canRepeat(nowMs, slot, open, index)
      if (isTaken) this.#ask(nowMs, slot, open, index)
      else this.#late[kept++] = block
    }
    this.#lateCount = kept
  }

  /** Whether `slot` may be asked for a block that one other peer holds. */
  #canRepeat(nowMs: Millis, slot: PeerSlot, open: OpenIndex, index: number): boolean {
    const { table, requests, availability } = this.#states
    const row = table.firstRow(open, index)
    if (requests.slot[row] === slot || !availability.has(slot, table.pieceAt(open))) return false
    const mayWaste = this.#mayWaste() || this.#speeds.isStalled(requests.slot[row] as PeerSlot)
    return mayWaste && this.#mayAsk(nowMs, slot, open, index)
  }

  #mayWaste(): boolean {
    const { wastedBlocks, doubledBlocks, receivedBlocks } = this.#states
    return wastedBlocks + doubledBlocks < this.#wasteFreeBlocks + receivedBlocks * WASTE_PART
  }

  #chooseDue(nowMs: Millis, slot: PeerSlot): void {
    const deadlines = this.#deadlines
    const states = this.#states
    let bytesAhead = states.requests.liveCount * BLOCK_BYTES
    let isNoneFree = true
    const last = Math.min(deadlines.count, this.#dueFrom + TRIED_MAX)
    for (let rank = this.#dueFrom; rank < last && this.#count < this.#limit; rank++) {
      const piece = deadlines.pieces[rank] as number
      const free = states.freeBlocksOf(piece)
      if (free === 0) {
        if (isNoneFree) this.#dueFrom = rank + 1
        continue
      }
      isNoneFree = false
      bytesAhead += free * BLOCK_BYTES
      if (!states.availability.has(slot, piece)) continue
      const dueMs = deadlines.dueMs[rank] as number
      if (dueMs !== AT_ONCE) this.#limit = this.#limitLater
      const timeMs = this.#timeFor(nowMs, bytesAhead, dueMs)
      const room = Math.min(this.#blocksInTime(slot, timeMs), this.#shareOf(slot, piece))
      if (room <= 0) continue
      const open = states.isMissing(piece) ? this.#openDue(piece, rank) : states.openOf(piece)
      if (open !== NOT_OPEN) this.#takeFree(nowMs, slot, open, this.#count + room)
    }
  }

  /**
   * How long this peer may take for a block of a due piece: as long as all together take for what lies before
   * its end, so that each gets its share of the piece, or half of the time until it is due.
   */
  #timeFor(nowMs: Millis, bytesAhead: number, dueMs: Millis): number {
    const togetherMs = this.#speeds.allAnswerMs(nowMs, bytesAhead) * SOON_FACTOR
    const soonestMs = this.#speeds.bestAnswerMs(nowMs) * BEST_FACTOR
    return Math.max(togetherMs, soonestMs, (dueMs - nowMs) * DUE_PART)
  }

  /** How many more blocks this peer would send within `timeMs`. */
  #blocksInTime(slot: PeerSlot, timeMs: number): number {
    const leftMs = timeMs - this.#speeds.answerMs(slot)
    if (leftMs < 0) return 0
    return 1 + Math.floor(leftMs / this.#speeds.blockMs(slot))
  }

  /**
   * The part of a piece that a peer may have before its first block came: nobody knows yet who is fast, and
   * the others may be about to unchoke us.
   */
  #shareOf(slot: PeerSlot, piece: number): number {
    if (this.#speeds.isMeasured(slot)) return Number.POSITIVE_INFINITY
    const blocks = this.#states.blocks.countOf(piece)
    return Math.max(FIRST_SHARE_MIN, Math.ceil(blocks / this.#speeds.joinedCount))
  }

  /** A place for a due piece: a free one, or that of a piece that nobody waits for or that is due later. */
  #openDue(piece: number, rank: number): OpenIndex {
    const states = this.#states
    if (states.table.unusedCount === 0) {
      const victim = this.#victim(rank)
      if (victim < 0) return NOT_OPEN
      states.giveUp(victim)
    }
    return states.open(piece)
  }

  #victim(rank: number): number {
    const { table } = this.#states
    let victim = -1
    let fewest = Number.POSITIVE_INFINITY
    for (let open = 0; open < table.openMax; open++) {
      const piece = table.pieceAt(open)
      if (piece < 0 || !table.isInFlight(open) || this.#deadlines.covers(piece)) continue
      const received = table.receivedCount(open)
      if (received >= fewest) continue
      fewest = received
      victim = piece
    }
    if (victim >= 0) return victim
    for (let later = this.#deadlines.count - 1; later > rank; later--) {
      const open = this.#states.openOf(this.#deadlines.pieces[later] as number)
      if (open !== NOT_OPEN && table.isInFlight(open)) return table.pieceAt(open)
    }
    return -1
  }

  /**
   * Where no viewer waits each peer goes on with a piece of its own, as far as there are places for them: a liar
   * then spoils its own pieces only, and the first one names it. Slow peers help with others' pieces instead, or
   * one of them would hold up all that follows.
   */
  #chooseOrdinary(nowMs: Millis, slot: PeerSlot): void {
    this.#chooseOpen(nowMs, slot, slot)
    this.#chooseOpen(nowMs, slot, NOBODY)
    const { blocks } = this.#states
    if (this.#speeds.blockMs(slot) * blocks.perPiece <= OWN_PIECE_MAX_MS) {
      this.#chooseMissing(nowMs, slot)
    }
    this.#chooseOpen(nowMs, slot, ANYBODY)
    this.#chooseMissing(nowMs, slot)
  }

  #chooseOpen(nowMs: Millis, slot: PeerSlot, owner: PeerSlot): void {
    const { table, availability } = this.#states
    let open = table.firstPickable
    while (open !== NOT_OPEN && this.#count < this.#limit) {
      const next = table.nextPickable(open)
      const piece = table.pieceAt(open)
      const isMeant = owner === ANYBODY || table.ownerOf(open) === owner
      const isOrdinary =
        isMeant && availability.lacking.has(piece) && !this.#deadlines.covers(piece)
      if (isOrdinary && availability.has(slot, piece)) this.#takeFree(nowMs, slot, open)
      open = next
    }
  }

  #chooseMissing(nowMs: Millis, slot: PeerSlot): void {
    const states = this.#states
    const reserved = Math.min(RESERVED_OPEN_MAX, states.table.openMax >> 1)
    while (this.#count < this.#limit && states.table.unusedCount > reserved) {
      const piece = this.#nextMissing(slot)
      if (piece < 0) return
      const before = this.#count
      const open = states.open(piece)
      this.#takeFree(nowMs, slot, open)
      // A piece that failed may be for others only: it stays open for them.
      if (this.#count > before) states.table.setOwner(open, slot)
    }
  }

  #nextMissing(slot: PeerSlot): number {
    const { availability } = this.#states
    const ahead = this.#deadlines.ahead
    if (ahead !== undefined) {
      const piece = this.#uncovered(slot, availability.nextInOrder(slot, ahead.from))
      if (piece >= 0 && piece <= ahead.to) return piece
    }
    const piece = availability.nextFor(slot)
    return this.#deadlines.covers(piece) ? this.#uncovered(slot, piece) : piece
  }

  #uncovered(slot: PeerSlot, from: number): number {
    let piece = from
    while (piece >= 0 && this.#deadlines.covers(piece)) {
      piece = this.#states.availability.nextInOrder(slot, piece + 1)
    }
    return piece
  }

  /** The end game: nothing is free, and other peers hold blocks that this one would send sooner. */
  #chooseAgain(nowMs: Millis, slot: PeerSlot): void {
    if (!this.isNearEnd) return
    const { requests, blocks } = this.#states
    const soonerMs = this.#speeds.answerMs(slot) * AGAIN_FACTOR + AGAIN_SLACK_AT_END_MS
    for (let holder = 0; holder < this.#speeds.slotsUsed; holder++) {
      if (holder === slot) continue
      let place = 0
      for (let row = requests.firstLive(holder); row !== NO_ROW; row = requests.after(row)) {
        if (this.#count >= this.#limit) return
        const block = requests.block[row] as number
        const open = this.#states.openOf(blocks.pieceOf(block))
        const leftMs = this.#speeds.leftMs(nowMs, holder, ++place)
        if (leftMs <= soonerMs || !this.#isSingle(open, row)) continue
        const index = block % blocks.perPiece
        if (this.#canRepeat(nowMs, slot, open, index)) this.#ask(nowMs, slot, open, index)
      }
    }
  }

  /** Takes free blocks of an open piece in their order, as many as there is room for. */
  #takeFree(nowMs: Millis, slot: PeerSlot, open: OpenIndex, upTo = this.#limit): void {
    const { table } = this.#states
    const limit = Math.min(upTo, this.#limit)
    const isSuspect = this.#suspects.has(table.pieceAt(open))
    let index = table.findFree(open, 0)
    while (index >= 0 && this.#count < limit) {
      if (!isSuspect || this.#mayAsk(nowMs, slot, open, index)) this.#ask(nowMs, slot, open, index)
      index = table.findFree(open, index + 1)
    }
  }

  #ask(nowMs: Millis, slot: PeerSlot, open: OpenIndex, index: number): void {
    this.#out[this.#count++] = this.#states.ask(nowMs, slot, open, index)
  }

  /** Whether this peer may have a block of a piece that failed before. */
  #mayAsk(nowMs: Millis, slot: PeerSlot, open: OpenIndex, index: number): boolean {
    const piece = this.#states.table.pieceAt(open)
    if (!this.#suspects.has(piece)) return true
    if (!this.#suspects.isAlone(piece)) {
      const isOther = !this.#suspects.sentBefore(slot, piece, index)
      return isOther || this.#bestSource(nowMs, piece, slot) < 0
    }
    const chosen = this.#suspects.chosenFor(piece)
    if (chosen >= 0 && this.#isSource(nowMs, chosen, piece)) return chosen === slot
    const best = this.#bestSource(nowMs, piece, -1)
    this.#suspects.choose(piece, best)
    if (best !== slot) this.isSourceChosen = true
    return best === slot
  }

  #isSource(nowMs: Millis, slot: PeerSlot, piece: number): boolean {
    if (!this.#speeds.canAsk(nowMs, slot) || this.#speeds.isStalled(slot)) return false
    return this.#states.availability.has(slot, piece)
  }

  /** Who should fetch `piece` alone: the most trusted, and of those the soonest; -1 if nobody can. */
  #bestSource(nowMs: Millis, piece: number, except: PeerSlot): PeerSlot {
    let best = -1
    for (let slot = 0; slot < this.#speeds.slotsUsed; slot++) {
      if (slot === except || !this.#isSource(nowMs, slot, piece)) continue
      if (best < 0 || this.#isBetterSource(slot, best)) best = slot
    }
    return best
  }

  #isBetterSource(slot: PeerSlot, than: PeerSlot): boolean {
    const difference = this.#suspects.trustOf(slot) - this.#suspects.trustOf(than)
    if (difference !== 0) return difference > 0
    const isMeasured = this.#speeds.isMeasured(slot)
    if (isMeasured !== this.#speeds.isMeasured(than)) return isMeasured
    return this.#speeds.answerMs(slot) < this.#speeds.answerMs(than)
  }
}
