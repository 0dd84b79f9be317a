// The waiting room on disk: one file of slots, each as big as a piece, for pieces whose turn in their
// files has not come. It begins with a table that names the piece in each slot; a slot is filled before
// it is named, and what it says is believed only after hashing, so a torn slot is merely empty.
import { assert, readUint32, writeUint32 } from '../bytes/index.ts'

const ENTRY_BYTES = 4
const TABLE_ALIGNMENT_BYTES = 4096

/** What the table on disk says of one slot, and where its bytes lie. */
export interface SlotEntry {
  readonly slot: number
  readonly piece: number
  readonly position: number
}

/** Which piece waits in which slot. Bytes are moved by others. */
export class Slots {
  readonly path: string
  readonly capacity: number
  readonly #pieceBytes: number
  readonly #tableBytes: number
  /** Slot of each piece that has one. A slot belongs to its piece from `take` on, filled or not. */
  readonly #slotOf = new Map<number, number>()
  readonly #pieceIn = new Map<number, number>()
  readonly #filled = new Set<number>()
  /** Slots whose pieces are in their files but not yet for certain: overwritten only after an fsync. */
  #leaving: number[] = []
  #lowestFree = 0
  #version = 0
  /** There may be a file. */
  #isUsed = false
  /** Before the table on disk is read no slot is given out: a piece of an earlier run may be in it. */
  #isOpen = false

  constructor(path: string, pieceBytes: number, capacity: number) {
    this.path = path
    this.capacity = capacity
    this.#pieceBytes = pieceBytes
    this.#tableBytes =
      Math.ceil((capacity * ENTRY_BYTES) / TABLE_ALIGNMENT_BYTES) * TABLE_ALIGNMENT_BYTES
  }

  /** Pieces that can be read from here. */
  get filled(): ReadonlySet<number> {
    return this.#filled
  }

  /** Another number whenever another piece can be read from here. */
  get version(): number {
    return this.#version
  }

  /** Slots in use, filled or not, and those whose pieces have left but not for certain. */
  get takenCount(): number {
    return this.#pieceIn.size
  }

  /** @returns true once, when the file holds nothing any more: it is to be deleted. */
  abandon(): boolean {
    if (!this.#isUsed || this.#pieceIn.size > 0 || this.#leaving.length > 0) return false
    this.#isUsed = false
    return true
  }

  get tableBytes(): number {
    return this.#tableBytes
  }

  /** Whether all of `piece` can be read from here. */
  has(piece: number): boolean {
    return this.#filled.has(piece)
  }

  /** Where the bytes of `piece`, which has a slot, begin in the file. */
  position(piece: number): number {
    const slot = this.#slotOf.get(piece)
    assert(slot !== undefined, 'a piece without a slot')
    return this.#tableBytes + slot * this.#pieceBytes
  }

  /** The table's entry for `piece`, which has a slot: where it lies, and its 4 bytes. */
  entry(piece: number): { position: number; bytes: Uint8Array } {
    const slot = this.#slotOf.get(piece)
    assert(slot !== undefined, 'a piece without a slot')
    const bytes = new Uint8Array(ENTRY_BYTES)
    writeUint32(bytes, 0, piece + 1)
    return { position: slot * ENTRY_BYTES, bytes }
  }

  /** The lowest free slot becomes the piece's. @returns false when there is none. */
  take(piece: number): boolean {
    assert(!this.#slotOf.has(piece), 'a piece with two slots')
    if (!this.#isOpen) return false
    let slot = this.#lowestFree
    while (this.#pieceIn.has(slot)) slot++
    this.#lowestFree = slot
    if (slot >= this.capacity) return false
    this.#isUsed = true
    this.#slotOf.set(piece, slot)
    this.#pieceIn.set(slot, piece)
    return true
  }

  /** The slot of `piece` holds all of it and the table says so. */
  fill(piece: number): void {
    assert(this.#slotOf.has(piece), 'a piece without a slot')
    this.#filled.add(piece)
    this.#version++
  }

  /** The piece is gone for good, its slot free at once. */
  drop(piece: number): void {
    const slot = this.#slotOf.get(piece)
    if (slot === undefined) return
    this.#unbind(piece)
    this.#free(slot)
  }

  /** The piece is in its files; its slot is free when `freeLeft` is told that those are safe. */
  leave(piece: number): void {
    const slot = this.#slotOf.get(piece)
    if (slot === undefined) return
    this.#unbind(piece)
    this.#leaving.push(slot)
  }

  get hasLeft(): boolean {
    return this.#leaving.length > 0
  }

  /** Hands over the slots left so far, to be given back to `freeLeft` after an fsync of their files. */
  takeLeft(): readonly number[] {
    const left = this.#leaving
    this.#leaving = []
    return left
  }

  freeLeft(slots: readonly number[]): void {
    for (const slot of slots) this.#free(slot)
  }

  /**
   * Reads the table found on disk. Its slots stay as they are until `adopt` or `dismiss` says what becomes
   * of each; the others may be used from here on.
   */
  open(table: Uint8Array, pieceCount: number): readonly SlotEntry[] {
    this.#isUsed = table.length > 0
    const entries: SlotEntry[] = []
    for (let slot = 0; slot < this.capacity && (slot + 1) * ENTRY_BYTES <= table.length; slot++) {
      const piece = readUint32(table, slot * ENTRY_BYTES) - 1
      if (piece < 0 || piece >= pieceCount) continue
      const position = this.#tableBytes + slot * this.#pieceBytes
      entries.push({ slot, piece, position })
      this.#pieceIn.set(slot, piece)
    }
    this.#isOpen = true
    return entries
  }

  /** The bytes in the slot are right, and nowhere else. */
  adopt({ piece, slot }: SlotEntry): void {
    assert(this.#pieceIn.get(slot) === piece && !this.#slotOf.has(piece), 'a slot of another piece')
    this.#slotOf.set(piece, slot)
    this.#filled.add(piece)
  }

  /** The bytes in the slot are wrong, or elsewhere too. */
  dismiss({ piece, slot }: SlotEntry): void {
    assert(this.#pieceIn.get(slot) === piece, 'a slot of another piece')
    this.#leaving.push(slot)
  }

  #unbind(piece: number): void {
    this.#version++
    this.#slotOf.delete(piece)
    this.#filled.delete(piece)
  }

  #free(slot: number): void {
    this.#pieceIn.delete(slot)
    this.#lowestFree = Math.min(this.#lowestFree, slot)
  }
}
