// The blocks of the pieces that are open: being fetched, hashed or written. A piece that is missing or
// stored needs no rows, so the table is as large as the buffers are many, whatever the torrent's size.
//
// Invariant: a block is free, asked (with at least one live request), or received; a piece with free blocks
// is in the list of those that can be picked from.
import { assert } from '../bytes/index.ts'
import type { BlockNumber, Blocks } from './layout.ts'
import { NO_ROW, type PeerSlot, type RequestTable, type Row, SLOTS_MAX } from './request-table.ts'

/** A piece's place among the open ones: dense, `0..openPiecesMax-1`. */
export type OpenIndex = number

const FREE = 0
const ASKED = 1
const RECEIVED = 2

const IN_FLIGHT = 0
const HASHING = 1
const WRITING = 2
export type OpenState = 'in-flight' | 'hashing' | 'writing'
const STATE_NAMES: readonly OpenState[] = ['in-flight', 'hashing', 'writing']

/** As a sender or an owner: nobody, or a peer that left. */
export const NOBODY = SLOTS_MAX
export const NOT_OPEN = -1

export class BlockTable {
  readonly openMax: number
  readonly #blocks: Blocks
  readonly #requests: RequestTable
  readonly #pieces: Int32Array
  readonly #states: Uint8Array
  readonly #freeCounts: Int32Array
  readonly #receivedCounts: Int32Array
  readonly #blockCounts: Int32Array
  /** No block before this one is free. */
  readonly #freeFrom: Int32Array
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #blockStates: Uint8Array
  readonly #firstRows: Int32Array
  readonly #senders: Uint8Array
  readonly #owners: Uint8Array
  readonly #unused: Int32Array
  #unusedCount: number
  #firstPickable = NOT_OPEN

  constructor(blocks: Blocks, requests: RequestTable, openMax: number) {
    this.openMax = openMax
    this.#blocks = blocks
    this.#requests = requests
    this.#pieces = new Int32Array(openMax).fill(-1)
    this.#states = new Uint8Array(openMax)
    this.#freeCounts = new Int32Array(openMax)
    this.#receivedCounts = new Int32Array(openMax)
    this.#blockCounts = new Int32Array(openMax)
    this.#freeFrom = new Int32Array(openMax)
    this.#next = new Int32Array(openMax)
    this.#previous = new Int32Array(openMax)
    const rows = openMax * blocks.perPiece
    this.#blockStates = new Uint8Array(rows)
    this.#firstRows = new Int32Array(rows).fill(NO_ROW)
    this.#senders = new Uint8Array(rows)
    this.#owners = new Uint8Array(openMax).fill(NOBODY)
    this.#unused = Int32Array.from({ length: openMax }, (_, index) => openMax - 1 - index)
    this.#unusedCount = openMax
  }

  get unusedCount(): number {
    return this.#unusedCount
  }

  /** The first open piece with free blocks, or `NOT_OPEN`; go on with `nextPickable`. */
  get firstPickable(): OpenIndex {
    return this.#firstPickable
  }

  nextPickable(open: OpenIndex): OpenIndex {
    return this.#next[open] as OpenIndex
  }

  /** The piece at `open`, or -1. */
  pieceAt(open: OpenIndex): number {
    return this.#pieces[open] as number
  }

  stateAt(open: OpenIndex): OpenState {
    return STATE_NAMES[this.#states[open] as number] as OpenState
  }

  isInFlight(open: OpenIndex): boolean {
    return this.#states[open] === IN_FLIGHT
  }

  freeCount(open: OpenIndex): number {
    return this.#freeCounts[open] as number
  }

  receivedCount(open: OpenIndex): number {
    return this.#receivedCounts[open] as number
  }

  blockCount(open: OpenIndex): number {
    return this.#blockCounts[open] as number
  }

  open(piece: number): OpenIndex {
    assert(this.#unusedCount > 0, 'no place for another open piece')
    const open = this.#unused[--this.#unusedCount] as OpenIndex
    const count = this.#blocks.countOf(piece)
    this.#pieces[open] = piece
    this.#states[open] = IN_FLIGHT
    this.#blockCounts[open] = count
    this.#freeCounts[open] = count
    this.#receivedCounts[open] = 0
    this.#freeFrom[open] = 0
    this.#owners[open] = NOBODY
    const first = open * this.#blocks.perPiece
    this.#blockStates.fill(FREE, first, first + count)
    this.#senders.fill(NOBODY, first, first + count)
    this.#list(open)
    return open
  }

  /** The place is free again. No request for its blocks may be live. */
  close(open: OpenIndex): void {
    if ((this.#freeCounts[open] as number) > 0) this.#unlist(open)
    this.#pieces[open] = -1
    this.#unused[this.#unusedCount++] = open
  }

  /**
   * The first free block at or after block `from` of the piece, as an index inside it, or -1.
   * Only `from` = 0 moves the mark before which nothing is free.
   */
  findFree(open: OpenIndex, from: number): number {
    if (this.#freeCounts[open] === 0) return -1
    const first = open * this.#blocks.perPiece
    const count = this.#blockCounts[open] as number
    let index = Math.max(from, this.#freeFrom[open] as number)
    while (index < count && this.#blockStates[first + index] !== FREE) index++
    if (from === 0) this.#freeFrom[open] = index
    return index < count ? index : -1
  }

  /** Notes that the free block `index` was asked for by request `row`. */
  ask(open: OpenIndex, index: number, row: Row): void {
    const entry = open * this.#blocks.perPiece + index
    if (this.#blockStates[entry] === FREE) {
      this.#blockStates[entry] = ASKED
      const left = (this.#freeCounts[open] as number) - 1
      this.#freeCounts[open] = left
      if (left === 0) this.#unlist(open)
    }
    this.#requests.nextOfBlock[row] = this.#firstRows[entry] as Row
    this.#firstRows[entry] = row
  }

  /** The newest live request for a block, or `NO_ROW`; go on with `requests.nextOfBlock`. */
  firstRow(open: OpenIndex, index: number): Row {
    return this.#firstRows[open * this.#blocks.perPiece + index] as Row
  }

  /** The live request for a block at `slot`, or `NO_ROW`. */
  findRow(open: OpenIndex, index: number, slot: PeerSlot): Row {
    let row = this.firstRow(open, index)
    while (row !== NO_ROW && this.#requests.slot[row] !== slot) {
      row = this.#requests.nextOfBlock[row] as Row
    }
    return row
  }

  /** Takes `row` out of its block's requests; a block that nobody is asked for any more is free. */
  unask(open: OpenIndex, block: BlockNumber, row: Row): void {
    const index = block % this.#blocks.perPiece
    const entry = open * this.#blocks.perPiece + index
    const nextOfBlock = this.#requests.nextOfBlock
    if (this.#firstRows[entry] === row) this.#firstRows[entry] = nextOfBlock[row] as Row
    else {
      let before = this.#firstRows[entry] as Row
      while (nextOfBlock[before] !== row) before = nextOfBlock[before] as Row
      nextOfBlock[before] = nextOfBlock[row] as Row
    }
    if (this.#firstRows[entry] === NO_ROW && this.#blockStates[entry] === ASKED) {
      this.#blockStates[entry] = FREE
      this.#addFree(open, index)
    }
  }

  isReceived(open: OpenIndex, index: number): boolean {
    return this.#blockStates[open * this.#blocks.perPiece + index] === RECEIVED
  }

  /** Notes that `slot` sent a block. Its requests have to be taken out by the caller, before or after. */
  receive(open: OpenIndex, index: number, slot: PeerSlot): void {
    const entry = open * this.#blocks.perPiece + index
    assert(this.#blockStates[entry] !== RECEIVED, 'block received twice')
    if (this.#blockStates[entry] === FREE) {
      const left = (this.#freeCounts[open] as number) - 1
      this.#freeCounts[open] = left
      if (left === 0) this.#unlist(open)
    }
    this.#blockStates[entry] = RECEIVED
    this.#senders[entry] = slot
    const received = (this.#receivedCounts[open] as number) + 1
    this.#receivedCounts[open] = received
    if (received === this.#blockCounts[open]) this.#states[open] = HASHING
  }

  /** A received block was wrong: free again, and with it the piece is in flight again. */
  unreceive(open: OpenIndex, index: number): void {
    const entry = open * this.#blocks.perPiece + index
    assert(this.#blockStates[entry] === RECEIVED, 'block failed that was not received')
    this.#blockStates[entry] = FREE
    this.#senders[entry] = NOBODY
    this.#receivedCounts[open] = (this.#receivedCounts[open] as number) - 1
    this.#states[open] = IN_FLIGHT
    this.#addFree(open, index)
  }

  toWriting(open: OpenIndex): void {
    assert(this.#states[open] === HASHING, 'verified a piece that was not complete')
    this.#states[open] = WRITING
  }

  /** Who sent each block, one byte a block, `SLOTS_MAX` for nobody: freshly made. */
  sendersOf(open: OpenIndex): Uint8Array {
    const first = open * this.#blocks.perPiece
    return this.#senders.slice(first, first + (this.#blockCounts[open] as number))
  }

  senderOf(open: OpenIndex, index: number): PeerSlot {
    return this.#senders[open * this.#blocks.perPiece + index] as PeerSlot
  }

  /** Who began the piece and should go on with it, or `NOBODY`. */
  ownerOf(open: OpenIndex): PeerSlot {
    return this.#owners[open] as PeerSlot
  }

  setOwner(open: OpenIndex, slot: PeerSlot): void {
    this.#owners[open] = slot
  }

  /** The peer does not go on for now: anybody may finish what it began. */
  disown(slot: PeerSlot): void {
    for (let open = 0; open < this.openMax; open++) {
      if (this.#owners[open] === slot) this.#owners[open] = NOBODY
    }
  }

  /** The slot will name another peer from here on. */
  forgetSender(slot: PeerSlot): void {
    this.disown(slot)
    for (let entry = 0; entry < this.#senders.length; entry++) {
      if (this.#senders[entry] === slot) this.#senders[entry] = NOBODY
    }
  }

  #addFree(open: OpenIndex, index: number): void {
    const free = (this.#freeCounts[open] as number) + 1
    this.#freeCounts[open] = free
    if (index < (this.#freeFrom[open] as number)) this.#freeFrom[open] = index
    if (free === 1) this.#list(open)
  }

  /** Newest first: what was given back lies before what follows it, and is finished first. */
  #list(open: OpenIndex): void {
    this.#previous[open] = NOT_OPEN
    this.#next[open] = this.#firstPickable
    if (this.#firstPickable !== NOT_OPEN) this.#previous[this.#firstPickable] = open
    this.#firstPickable = open
  }

  #unlist(open: OpenIndex): void {
    const previous = this.#previous[open] as OpenIndex
    const next = this.#next[open] as OpenIndex
    if (previous === NOT_OPEN) this.#firstPickable = next
    else this.#next[previous] = next
    if (next !== NOT_OPEN) this.#previous[next] = previous
  }
}
