// What arrives before its turn: it waits in memory first, so that a download nearly in order is written
// once; what must wait longer goes to a slot on disk, the piece that is furthest from its turn first.
import type { Millis } from '../world/index.ts'
import type { DiskQueue } from './disk-queue.ts'
import type { Growth } from './growth.ts'
import type { Keeping } from './keeping.ts'
import type { HeldPiece, Ledger } from './ledger.ts'
import type { Vouching } from './vouching.ts'

/** Memory for pieces whose turn has not come; a fast seeder's disorder is some 8 MiB. */
export const WINDOW_BYTES = 16 * 1024 * 1024
/** Memory for all pieces that the disk has not taken; at it, peers are asked for nothing new. */
export const HELD_LIMIT_BYTES = 32 * 1024 * 1024
/** At least so many pieces fit, however big they are: one being written, one waiting, one arriving. */
export const HELD_PIECES_MIN = 3
/** A piece waits no longer in memory: what has been shown as verified should survive a kill. */
export const WAIT_LIMIT_MS = 1000

export class Shelf {
  readonly #ledger: Ledger
  readonly #disk: DiskQueue
  readonly #growth: Growth
  readonly #vouching: Vouching
  readonly #keeping: Keeping
  readonly #heldLimitBytes: number
  readonly #windowBytes: number
  /** No search for what could go to a slot before this time: an earlier one found nothing. */
  #searchAtMs: Millis = 0

  constructor(parts: {
    ledger: Ledger
    disk: DiskQueue
    growth: Growth
    vouching: Vouching
    keeping: Keeping
  }) {
    this.#ledger = parts.ledger
    this.#disk = parts.disk
    this.#growth = parts.growth
    this.#vouching = parts.vouching
    this.#keeping = parts.keeping
    const { pieceBytes } = parts.ledger.layout
    this.#heldLimitBytes = Math.max(HELD_LIMIT_BYTES, HELD_PIECES_MIN * pieceBytes)
    this.#windowBytes = Math.max(WINDOW_BYTES, pieceBytes)
  }

  /** Whether memory is full of what the disk has not taken. */
  get isFull(): boolean {
    return this.#ledger.heldBytes >= this.#heldLimitBytes
  }

  get wakeAtMs(): Millis {
    if (this.#disk.isStuck) return Number.POSITIVE_INFINITY
    // Pieces are held in the order of their arrival: the first one that still waits is the oldest.
    for (const held of this.#ledger.held.values()) {
      if (!held.isSpilling && held.users === 0) {
        return Math.max(held.sinceMs + WAIT_LIMIT_MS, this.#searchAtMs)
      }
    }
    return Number.POSITIVE_INFINITY
  }

  put(nowMs: Millis, piece: number, bytes: Uint8Array): void {
    const held = this.#ledger.hold(nowMs, piece, bytes)
    this.#growth.pumpPiece(piece)
    this.#ledger.letGo(held)
    if (this.#keeping.isPartial) this.#spill(held)
    else if (this.#ledger.heldBytes > this.#windowBytes) this.#spillBlocked(nowMs, nowMs)
  }

  step(nowMs: Millis): void {
    if (nowMs >= this.wakeAtMs) this.#spillBlocked(nowMs, nowMs - WAIT_LIMIT_MS)
  }

  /** Everything that is not being written into its file goes to a slot. */
  spillAll(): void {
    for (const held of this.#ledger.held.values()) if (held.users === 0) this.#spill(held)
  }

  /** Sends pieces to slots that wait behind a gap: old ones, and any while the window is too full. */
  #spillBlocked(nowMs: Millis, untilMs: Millis): void {
    if (nowMs < this.#searchAtMs) return
    this.#searchAtMs = nowMs + WAIT_LIMIT_MS / 10
    const blocked = this.#blocked()
    let waitingBytes = 0
    for (const held of blocked) waitingBytes += held.bytes.length
    // Half of the window at once, or the next piece would start the search again.
    const goalBytes = waitingBytes > this.#windowBytes ? this.#windowBytes / 2 : waitingBytes
    for (const held of blocked.sort((a, b) => b.piece - a.piece)) {
      if (waitingBytes <= goalBytes && held.sinceMs > untilMs) continue
      waitingBytes -= held.bytes.length
      this.#spill(held)
    }
  }

  /** Held pieces that no file could take soon even if the disk were infinitely fast. */
  #blocked(): HeldPiece[] {
    const reach = new Map<number, number>()
    const { layout } = this.#ledger
    return [...this.#ledger.held.values()].filter(
      ({ piece, users, isSpilling }) =>
        users === 0 &&
        !isSpilling &&
        layout
          .spans(piece)
          .some(span => !this.#ledger.isGrown(span) && piece >= this.#reachOf(span.file, reach)),
    )
  }

  /**
   * The first piece that `file` cannot take before another has come. Pieces in slots count as there: if
   * they did not, one piece in a slot would send all that follow it to slots too, for ever. Beyond twice
   * what memory holds nothing is near enough to wait for.
   */
  #reachOf(file: number, known: Map<number, number>): number {
    const before = known.get(file)
    if (before !== undefined) return before
    const { layout } = this.#ledger
    const begin = layout.pieceAt(file, this.#ledger.grown(file))
    const end = begin + Math.ceil((2 * this.#heldLimitBytes) / layout.pieceBytes)
    let piece = begin
    while (piece < end && this.#growth.canGrow(file) && this.#ledger.has(piece)) piece++
    known.set(file, piece)
    return piece
  }

  #spill(held: HeldPiece): void {
    const { slots } = this.#ledger
    if (held.isSpilling || this.#ledger.stored.has(held.piece)) return
    if (!this.#keeping.makeRoom(held.piece)) {
      if (this.#keeping.isPartial) this.#ledger.refuse(held)
      return
    }
    if (!slots.take(held.piece)) return
    held.isSpilling = true
    this.#fill(held)
  }

  /** First the bytes, then the entry that says whose they are. */
  #fill(held: HeldPiece): void {
    const { slots } = this.#ledger
    const { path } = slots
    const missing = () => this.#remake(held)
    const filled = () =>
      this.#disk.write({
        path,
        ...slots.entry(held.piece),
        done: () => this.#spilled(held),
        missing,
      })
    const position = slots.position(held.piece)
    this.#disk.write({ path, position, bytes: held.bytes, done: filled, missing })
  }

  /** Somebody took the file of slots away, and every piece that was only there. */
  #remake(held: HeldPiece): void {
    const { slots } = this.#ledger
    for (const piece of [...slots.filled]) this.#ledger.lose(piece)
    const done = () => this.#fill(held)
    this.#disk.write({ path: slots.path, position: 0, bytes: new Uint8Array(0), done })
  }

  #spilled(held: HeldPiece): void {
    held.isSpilling = false
    const { slots } = this.#ledger
    // Meanwhile its turn may have come: then it is in its files, and leaves the slot at once.
    if (this.#ledger.stored.has(held.piece)) slots.leave(held.piece)
    else {
      this.#ledger.shelve(held.piece)
      this.#vouching.wroteSlot(held.piece)
    }
    this.#ledger.letGo(held)
    this.#growth.pumpPiece(held.piece)
  }
}
