// Who has which piece, and what is still to be fetched: the sets from which a new piece is chosen.
//
// A piece is *rare* while fewer than `COMMON_COPIES` peers have it. Rare pieces come first, the rarest before
// the others; common ones come in order, because order is what the store and the viewer want, and a piece
// with four owners is not about to vanish. Counts change one at a time with each message: nothing is sorted.
import { PieceSet } from './piece-set.ts'
import { type PeerSlot, SLOTS_MAX } from './request-table.ts'

/** Copies among connected peers from which on a piece is not rare. */
export const COMMON_COPIES = 4

export class Availability {
  readonly #pieceCount: number
  /** Missing, not open, and wanted: what an ordinary pick may open. */
  readonly openable: PieceSet
  /** Wanted and not verified: what makes a peer interesting. */
  readonly lacking: PieceSet
  readonly #fields: (PieceSet | undefined)[] = []
  readonly #isSeed = new Uint8Array(SLOTS_MAX)
  /** Lacking pieces that a peer with a bit field has. */
  readonly #interesting = new Int32Array(SLOTS_MAX)
  /** By piece, copies among the peers that do not have all; made for the first such peer. */
  #copies: Uint8Array | undefined
  /** Openable pieces with 0, 1, 2 … copies among those peers. */
  #levels: readonly PieceSet[] = []
  #seedCount = 0

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount
    this.openable = new PieceSet(pieceCount)
    this.lacking = new PieceSet(pieceCount)
  }

  join(slot: PeerSlot): void {
    this.#fields[slot] = undefined
    this.#isSeed[slot] = 0
    this.#interesting[slot] = 0
  }

  leave(slot: PeerSlot): void {
    this.#isSeed[slot] === 1 ? this.#seedCount-- : this.#dropField(slot)
    this.join(slot)
  }

  has(slot: PeerSlot, piece: number): boolean {
    return this.#isSeed[slot] === 1 || this.#fields[slot]?.has(piece) === true
  }

  isInteresting(slot: PeerSlot): boolean {
    const count = this.#isSeed[slot] === 1 ? this.lacking.count : this.#interesting[slot]
    return (count as number) > 0
  }

  setAll(slot: PeerSlot): void {
    if (this.#isSeed[slot] === 1) return
    this.#dropField(slot)
    this.#isSeed[slot] = 1
    this.#seedCount++
  }

  /** @param bytes as in BEP 3, lent. Replaces what was known of the peer. */
  setField(slot: PeerSlot, bytes: Uint8Array): void {
    const field = new PieceSet(this.#pieceCount)
    field.readField(bytes)
    this.leave(slot)
    if (field.count === this.#pieceCount) {
      this.setAll(slot)
      return
    }
    this.#fields[slot] = field
    for (let at = field.first(0); at >= 0; at = field.first(at + 1)) this.#count(at, 1)
    this.#interesting[slot] = field.countCommon(this.lacking)
  }

  add(slot: PeerSlot, piece: number): void {
    if (this.#isSeed[slot] === 1) return
    let field = this.#fields[slot]
    if (field === undefined) {
      field = new PieceSet(this.#pieceCount)
      this.#fields[slot] = field
    }
    if (!field.add(piece)) return
    this.#count(piece, 1)
    if (this.lacking.has(piece)) this.#interest(slot, 1)
    if (field.count === this.#pieceCount) this.setAll(slot)
  }

  /** The peer no longer has `piece` (BEP 54). */
  lose(slot: PeerSlot, piece: number): void {
    if (this.#isSeed[slot] === 1) this.#splitSeed(slot)
    if (this.#fields[slot]?.remove(piece) !== true) return
    this.#count(piece, -1)
    if (this.lacking.has(piece)) this.#interest(slot, -1)
  }

  addOpenable(piece: number): void {
    if (this.openable.add(piece)) this.#levelOf(piece)?.add(piece)
  }

  removeOpenable(piece: number): void {
    if (this.openable.remove(piece)) this.#levelOf(piece)?.remove(piece)
  }

  setLacking(piece: number, isLacking: boolean): void {
    const isChanged = isLacking ? this.lacking.add(piece) : this.lacking.remove(piece)
    if (!isChanged || this.#copies === undefined || this.#copies[piece] === 0) return
    for (let slot = 0; slot < this.#fields.length; slot++) {
      if (this.#fields[slot]?.has(piece) === true) this.#interest(slot, isLacking ? 1 : -1)
    }
  }

  /** The openable piece that `slot` should begin next where no viewer is concerned, or -1. */
  nextFor(slot: PeerSlot): number {
    for (let copies = 0; copies < this.#levels.length; copies++) {
      const level = this.#levels[copies] as PieceSet
      if (this.#seedCount + copies >= COMMON_COPIES) break
      if (level.count === 0) continue
      const piece = this.#firstIn(level, slot, 0)
      if (piece >= 0) return piece
    }
    return this.nextInOrder(slot, 0)
  }

  /** The first openable piece at or after `from` that `slot` has, or -1. */
  nextInOrder(slot: PeerSlot, from: number): number {
    return this.#firstIn(this.openable, slot, from)
  }

  #firstIn(set: PieceSet, slot: PeerSlot, from: number): number {
    if (this.#isSeed[slot] === 1) return set.first(from)
    const field = this.#fields[slot]
    return field === undefined ? -1 : set.firstCommon(from, field)
  }

  #levelOf(piece: number): PieceSet | undefined {
    return this.#copies === undefined ? undefined : this.#levels[this.#copies[piece] as number]
  }

  #count(piece: number, change: 1 | -1): void {
    this.#copies ??= this.#makeLevels()
    const isOpenable = this.openable.has(piece)
    if (isOpenable) this.#levelOf(piece)?.remove(piece)
    this.#copies[piece] = (this.#copies[piece] as number) + change
    if (isOpenable) this.#levelOf(piece)?.add(piece)
  }

  #makeLevels(): Uint8Array {
    const levels = Array.from({ length: COMMON_COPIES }, () => new PieceSet(this.#pieceCount))
    const bottom = levels[0] as PieceSet
    const { openable } = this
    for (let at = openable.first(0); at >= 0; at = openable.first(at + 1)) bottom.add(at)
    this.#levels = levels
    return new Uint8Array(this.#pieceCount)
  }

  #interest(slot: PeerSlot, change: 1 | -1): void {
    this.#interesting[slot] = (this.#interesting[slot] as number) + change
  }

  #dropField(slot: PeerSlot): void {
    const field = this.#fields[slot]
    if (field === undefined) return
    for (let at = field.first(0); at >= 0; at = field.first(at + 1)) this.#count(at, -1)
    this.#fields[slot] = undefined
  }

  #splitSeed(slot: PeerSlot): void {
    this.#seedCount--
    this.#isSeed[slot] = 0
    const field = new PieceSet(this.#pieceCount)
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      field.add(piece)
      this.#count(piece, 1)
    }
    this.#fields[slot] = field
    this.#interesting[slot] = this.lacking.count
  }
}
