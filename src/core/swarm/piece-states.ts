// The state of every piece and block, and the moves between them. One owner for all of it:
//
//   missing -> in flight -> hashing -> writing -> stored       (and from each of them back to missing)
//   free -> asked -> received                                  (the blocks of a piece in flight)
import { assert, type BitField } from '../bytes/index.ts'
import type { Millis } from '../world/index.ts'
import { Availability } from './availability.ts'
import { BlockTable, NOT_OPEN, type OpenIndex, type OpenState } from './block-table.ts'
import { type BlockNumber, Blocks, type PieceLayout } from './layout.ts'
import { PairList } from './pair-list.ts'
import { NO_ROW, type PeerSlot, RequestTable, type Row } from './request-table.ts'

const MISSING = 0
const STORED = 1
/** A piece open at index `i` is noted as `FIRST_OPEN + i`. */
const FIRST_OPEN = 2
/** What fits into the 16 bits of a piece's place. */
export const OPEN_PIECES_LIMIT = 0xffff - FIRST_OPEN

export type PieceState = 'missing' | OpenState | 'stored'

export class PieceStates {
  readonly blocks: Blocks
  readonly requests = new RequestTable()
  readonly table: BlockTable
  readonly availability: Availability
  readonly cancels = new PairList()
  /** Open pieces that were given up: their buffers are free. */
  readonly closed: { count: number; pieces: Int32Array; clear(): void }
  /** Blocks that were received and are of no use: twice, unasked, bad, or of a piece given up. */
  wastedBlocks = 0
  /** Blocks that were received and accepted. */
  receivedBlocks = 0
  /** Blocks asked of two peers at once. */
  doubledBlocks = 0
  readonly #place: Uint16Array
  #wanted: BitField | undefined

  constructor(layout: PieceLayout, openPiecesMax: number, stored: BitField | undefined) {
    assert(openPiecesMax > 0 && openPiecesMax <= OPEN_PIECES_LIMIT, 'open pieces out of range')
    this.blocks = new Blocks(layout)
    this.table = new BlockTable(this.blocks, this.requests, openPiecesMax)
    this.availability = new Availability(layout.pieceCount)
    this.#place = new Uint16Array(layout.pieceCount)
    this.closed = closedList(openPiecesMax)
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      if (stored?.has(piece) === true) this.#place[piece] = STORED
      else this.#setMissing(piece)
    }
  }

  stateOf(piece: number): PieceState {
    const place = this.#place[piece] as number
    if (place >= FIRST_OPEN) return this.table.stateAt(place - FIRST_OPEN)
    return place === STORED ? 'stored' : 'missing'
  }

  /** Its place among the open pieces, or `NOT_OPEN`. */
  openOf(piece: number): OpenIndex {
    const place = this.#place[piece] as number
    return place >= FIRST_OPEN ? place - FIRST_OPEN : NOT_OPEN
  }

  isMissing(piece: number): boolean {
    return this.#place[piece] === MISSING
  }

  /** Hashed and found good, stored or not yet. */
  isVerified(piece: number): boolean {
    const place = this.#place[piece] as number
    return place === STORED || (place >= FIRST_OPEN && this.#isWriting(place - FIRST_OPEN))
  }

  #isWriting(open: OpenIndex): boolean {
    return this.table.stateAt(open) === 'writing'
  }

  isWanted(piece: number): boolean {
    return this.#wanted === undefined || this.#wanted.has(piece)
  }

  /** Blocks of `piece` that may be asked for. */
  freeBlocksOf(piece: number): number {
    const place = this.#place[piece] as number
    if (place >= FIRST_OPEN) return this.table.freeCount(place - FIRST_OPEN)
    return place === STORED ? 0 : this.blocks.countOf(piece)
  }

  setWanted(wanted: BitField | undefined): void {
    this.#wanted = wanted?.copy()
    for (let piece = 0; piece < this.#place.length; piece++) {
      this.availability.setLacking(piece, this.isWanted(piece) && !this.isVerified(piece))
      if (!this.isMissing(piece)) continue
      if (this.isWanted(piece)) this.availability.addOpenable(piece)
      else this.availability.removeOpenable(piece)
    }
  }

  /** missing -> in flight. The caller has seen that there is a place. */
  open(piece: number): OpenIndex {
    assert(this.isMissing(piece), 'opened a piece that was not missing')
    const open = this.table.open(piece)
    this.#place[piece] = FIRST_OPEN + open
    this.availability.removeOpenable(piece)
    return open
  }

  /** free -> asked, or asked once more. */
  ask(nowMs: Millis, slot: PeerSlot, open: OpenIndex, index: number): BlockNumber {
    const block = this.table.pieceAt(open) * this.blocks.perPiece + index
    if (this.table.firstRow(open, index) !== NO_ROW) this.doubledBlocks++
    this.table.ask(open, index, this.requests.add(nowMs, slot, block))
    return block
  }

  /** asked -> received, or free -> received where the request had been withdrawn. Others get CANCEL. */
  receive(slot: PeerSlot, open: OpenIndex, block: BlockNumber): void {
    const index = block % this.blocks.perPiece
    this.table.receive(open, index, slot)
    this.receivedBlocks++
    let row = this.table.firstRow(open, index)
    while (row !== NO_ROW) {
      const next = this.requests.nextOfBlock[row] as Row
      const isOther = this.requests.slot[row] !== slot
      if (next !== NO_ROW) this.doubledBlocks--
      this.table.unask(open, block, row)
      if (isOther) this.#cancel(row)
      else this.requests.remove(row)
      row = next
    }
  }

  /** The request is withdrawn and its block free, unless another was asked too. Sends CANCEL. */
  withdraw(row: Row): void {
    this.#unask(row)
    this.#cancel(row)
  }

  /** The peer dropped the request (choke): its block is free. The answer may still be on its way. */
  returnToFree(row: Row): void {
    this.#unask(row)
    this.requests.makeGhost(row)
  }

  /** The peer will not answer: its block is free. */
  forget(row: Row): void {
    this.#unask(row)
    this.requests.remove(row)
  }

  /** The peer dropped all of its requests. @returns how many they were. */
  returnAll(slot: PeerSlot): number {
    const count = this.requests.liveOf(slot)
    this.#forLive(slot, row => this.returnToFree(row))
    return count
  }

  /** Withdraws the requests of `slot` for the pieces that `isMeant` names. */
  withdrawWhere(slot: PeerSlot, isMeant: (piece: number) => boolean): void {
    this.#forLive(slot, row => {
      const piece = this.blocks.pieceOf(this.requests.block[row] as BlockNumber)
      if (isMeant(piece)) this.withdraw(row)
    })
  }

  forgetGhosts(slot: PeerSlot): void {
    let ghost = this.requests.firstGhost(slot)
    while (ghost !== NO_ROW) {
      this.requests.remove(ghost)
      ghost = this.requests.firstGhost(slot)
    }
  }

  #forLive(slot: PeerSlot, act: (row: Row) => void): void {
    let row = this.requests.firstLive(slot)
    while (row !== NO_ROW) {
      const next = this.requests.after(row)
      act(row)
      row = next
    }
  }

  #cancel(row: Row): void {
    this.cancels.push(this.requests.slot[row] as PeerSlot, this.requests.block[row] as BlockNumber)
    this.requests.makeGhost(row)
  }

  #unask(row: Row): void {
    const block = this.requests.block[row] as BlockNumber
    const open = this.openOf(this.blocks.pieceOf(block))
    const index = block % this.blocks.perPiece
    const first = this.table.firstRow(open, index)
    if (this.requests.nextOfBlock[first] !== NO_ROW) this.doubledBlocks--
    this.table.unask(open, block, row)
  }

  /** hashing -> writing. */
  toWriting(piece: number): void {
    this.table.toWriting(this.openOf(piece))
    this.availability.setLacking(piece, false)
  }

  /** writing -> stored; or missing -> stored, where it was found on the disk. */
  toStored(piece: number): void {
    const open = this.openOf(piece)
    if (open === NOT_OPEN) {
      this.availability.setLacking(piece, false)
      this.availability.removeOpenable(piece)
    } else {
      assert(this.#isWriting(open), 'stored a piece that was not verified')
      this.table.close(open)
    }
    this.#place[piece] = STORED
  }

  /** Any state -> missing. What was received of it and not verified is wasted. */
  toMissing(piece: number): void {
    const open = this.openOf(piece)
    if (open !== NOT_OPEN) {
      if (!this.#isWriting(open)) this.wastedBlocks += this.table.receivedCount(open)
      this.#withdrawAll(open)
      this.table.close(open)
    }
    this.#setMissing(piece)
  }

  /** As `toMissing`, for a piece in flight that has to make room: its buffer is free. */
  giveUp(piece: number): void {
    this.toMissing(piece)
    this.closed.pieces[this.closed.count++] = piece
  }

  /** Pieces in flight that neither the user nor, as `isDue` says, a viewer wants any more lose their place. */
  giveUpUnwanted(isDue: (piece: number) => boolean): void {
    for (let open = 0; open < this.table.openMax; open++) {
      const piece = this.table.pieceAt(open)
      if (piece < 0 || !this.table.isInFlight(open) || this.isWanted(piece)) continue
      if (!isDue(piece)) this.giveUp(piece)
    }
  }

  #setMissing(piece: number): void {
    this.#place[piece] = MISSING
    if (!this.isWanted(piece)) return
    this.availability.setLacking(piece, true)
    this.availability.addOpenable(piece)
  }

  #withdrawAll(open: OpenIndex): void {
    for (let index = 0; index < this.table.blockCount(open); index++) {
      let row = this.table.firstRow(open, index)
      while (row !== NO_ROW) {
        const next = this.requests.nextOfBlock[row] as Row
        this.withdraw(row)
        row = next
      }
    }
  }
}

/** Grows as it must: a piece may be given up more than once before the list is read. */
function closedList(sizeAtStart: number) {
  return {
    count: 0,
    pieces: new Int32Array(sizeAtStart * 2),
    clear() {
      this.count = 0
    },
  }
}
