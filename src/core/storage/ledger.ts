// Where every piece of a torrent is, and how far every file has grown: the facts that the rest of the
// store acts on. One owner for each; nothing here asks the disk for anything.
import { assert, BitField } from '../bytes/index.ts'
import type { Millis } from '../world/index.ts'
import type { Layout, Span } from './layout.ts'
import { Slots } from './slots.ts'
import type { StoreNotice } from './words.ts'

/** A verified piece in memory: until it is in its files or in a slot. */
export interface HeldPiece {
  readonly piece: number
  readonly bytes: Uint8Array
  readonly sinceMs: Millis
  /** Writes that read from `bytes` now. */
  users: number
  /** On its way to a slot. */
  isSpilling: boolean
}

export class Ledger {
  readonly layout: Layout
  readonly slots: Slots
  /** Pieces on disk, in their files or in a slot. */
  readonly stored: BitField
  readonly held = new Map<number, HeldPiece>()
  /** Which files grow; the parts of the others wait in slots. */
  readonly wanted: BitField
  readonly #notify: (notice: StoreNotice) => void
  /** Bytes of each file that are in it, from its start. */
  readonly #grown: Float64Array
  /** Spans of each piece that are not in their files, of pieces that are held or in a slot. */
  readonly #spansLeft: Int32Array
  /** Pieces that have become whole in their files since `takeSettled`. */
  #settled: number[] = []
  #heldBytes = 0

  constructor(layout: Layout, slotsPath: string, notify: (notice: StoreNotice) => void) {
    this.layout = layout
    // Twice as many as pieces: a slot that was left is not used again before a sync.
    this.slots = new Slots(slotsPath, layout.pieceBytes, 2 * layout.pieceCount)
    this.stored = new BitField(layout.pieceCount)
    this.wanted = new BitField(layout.files.length)
    this.wanted.fill()
    this.#notify = notify
    this.#grown = new Float64Array(layout.files.length)
    this.#spansLeft = new Int32Array(layout.pieceCount)
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Whether the piece can be read, from memory or from the disk. */
  has(piece: number): boolean {
    return this.held.has(piece) || this.stored.has(piece)
  }

  /** Bytes of the file that are in it. */
  grown(file: number): number {
    return this.#grown[file] as number
  }

  isGrown(span: Span): boolean {
    return this.grown(span.file) >= span.positionInFile + span.size
  }

  /** Whether all of the piece is in its files. */
  isSettled(piece: number): boolean {
    return this.stored.has(piece) && !this.slots.has(piece)
  }

  /** Takes a verified piece into memory. */
  hold(nowMs: Millis, piece: number, bytes: Uint8Array): HeldPiece {
    assert(!this.has(piece), 'a piece put twice')
    const held = { piece, bytes, sinceMs: nowMs, users: 0, isSpilling: false }
    this.held.set(piece, held)
    this.#heldBytes += bytes.length
    this.count(piece)
    return held
  }

  /** Counts anew which spans of the piece are missing from their files. */
  count(piece: number): void {
    const left = this.layout.spans(piece).filter(span => !this.isGrown(span))
    this.#spansLeft[piece] = left.length
    if (left.length === 0) this.#settle(piece)
  }

  /** One more span of `piece` is in its file, `size` bytes long. */
  grow(piece: number, file: number, size: number): void {
    this.#grown[file] = this.grown(file) + size
    assert(this.grown(file) <= this.layout.file(file).size, 'a file longer than it is')
    const left = (this.#spansLeft[piece] as number) - 1
    this.#spansLeft[piece] = left
    assert(left >= 0, 'a span written twice')
    if (left === 0) this.#settle(piece)
  }

  /** What is known of a file at the start, or of one that is gone. */
  setGrown(file: number, size: number): void {
    this.#grown[file] = size
  }

  /** The piece fills its slot. */
  shelve(piece: number): void {
    this.slots.fill(piece)
    this.#store(piece)
  }

  /** Found in its files at the start, by an fsync of an earlier run for certain. */
  settleFound(piece: number): void {
    this.#spansLeft[piece] = 0
    this.#store(piece)
  }

  get hasSettled(): boolean {
    return this.#settled.length > 0
  }

  /** Hands over the pieces that have become whole in their files, and forgets them. */
  takeSettled(): readonly number[] {
    const settled = this.#settled
    this.#settled = []
    return settled
  }

  /** The piece is missing again. */
  lose(piece: number): void {
    this.slots.drop(piece)
    if (this.stored.remove(piece)) this.#notify({ kind: 'dropped', piece })
  }

  /** Gives the buffer back when nobody reads from it and the piece is on disk. */
  letGo(held: HeldPiece): void {
    if (held.users > 0 || held.isSpilling || !this.stored.has(held.piece)) return
    this.#forget(held)
  }

  /** Gives the buffer of a piece back that is not kept at all. */
  refuse(held: HeldPiece): void {
    this.#forget(held)
    this.#notify({ kind: 'dropped', piece: held.piece })
  }

  #forget(held: HeldPiece): void {
    if (!this.held.delete(held.piece)) return
    this.#heldBytes -= held.bytes.length
    this.#notify({ kind: 'released', bytes: held.bytes })
  }

  #settle(piece: number): void {
    // A slot that is still being written to cannot be left: see `Shelf`.
    if (this.held.get(piece)?.isSpilling !== true) this.slots.leave(piece)
    this.#store(piece)
    this.#settled.push(piece)
  }

  #store(piece: number): void {
    if (this.stored.add(piece)) this.#notify({ kind: 'stored', piece })
  }
}
