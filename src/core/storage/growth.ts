// Files grow in order (rule 8 of streaming.md): to each goes one write at a time, always at its end, from
// memory or from the slot where the bytes wait. So whatever moment a viewer or a kill chooses, each file
// is a correct prefix of the final one.
import type { DiskQueue } from './disk-queue.ts'
import type { HeldPiece, Ledger } from './ledger.ts'
import type { Vouching } from './vouching.ts'

const NO_BYTES = new Uint8Array(0)

export class Growth {
  readonly #ledger: Ledger
  readonly #disk: DiskQueue
  readonly #vouching: Vouching
  readonly #onGone: (file: number) => void
  /** Files with a write on its way. */
  readonly #busy = new Set<number>()
  /** Files whose size on disk must be set to what has grown before they grow on. */
  readonly #oversized = new Set<number>()
  /** Empty files that have been made. */
  readonly #made = new Set<number>()
  /** Files that belong to somebody else. */
  readonly #foreign = new Set<number>()
  /** No file grows before what was found at the start is checked, nor while only a part may be kept. */
  #isOpen = false

  /** @param onGone is told of a file that somebody took away. */
  constructor(ledger: Ledger, disk: DiskQueue, vouching: Vouching, onGone: (file: number) => void) {
    this.#ledger = ledger
    this.#disk = disk
    this.#vouching = vouching
    this.#onGone = onGone
  }

  open(): void {
    this.#isOpen = true
    this.pumpAll()
  }

  close(): void {
    this.#isOpen = false
  }

  /** The file found on disk is not ours: it is left alone. */
  leaveAlone(file: number): void {
    this.#foreign.add(file)
  }

  isInTheWay(file: number): boolean {
    return this.#foreign.has(file)
  }

  /** Whether the file is on disk by our doing. */
  isOurs(file: number): boolean {
    return this.#vouching.isOurs(file) || this.#made.has(file)
  }

  /** The file on disk is longer than what of it is right. */
  cutToGrown(file: number): void {
    this.#oversized.add(file)
    this.pump(file)
  }

  pumpAll(): void {
    for (let file = 0; file < this.#ledger.layout.files.length; file++) this.pump(file)
  }

  pumpPiece(piece: number): void {
    for (const span of this.#ledger.layout.spans(piece)) this.pump(span.file)
  }

  /** Starts the next write of a file, if there is one and the file is free. */
  pump(file: number): void {
    if (!this.canGrow(file) || this.#busy.has(file)) return
    const { layout } = this.#ledger
    const { path, size, offset } = layout.file(file)
    const grown = this.#ledger.grown(file)
    if (this.#oversized.delete(file) || (size === 0 && !this.#made.has(file))) {
      this.#setSize(file, path, grown)
      return
    }
    if (grown >= size) return
    const piece = layout.pieceAt(file, grown)
    const positionInPiece = offset + grown - piece * layout.pieceBytes
    const bytes = Math.min(size - grown, layout.pieceBytes - positionInPiece)
    const held = this.#ledger.held.get(piece)
    if (held !== undefined) this.#writeHeld(file, held, positionInPiece, bytes)
    else if (this.#ledger.slots.has(piece)) this.#moveIn(file, piece, positionInPiece, bytes)
  }

  /** Whether the file is wanted, ours, and allowed to grow. */
  canGrow(file: number): boolean {
    const { isPadding } = this.#ledger.layout.file(file)
    return this.#isOpen && !isPadding && this.#ledger.wanted.has(file) && !this.#foreign.has(file)
  }

  #setSize(file: number, path: string, size: number): void {
    this.#busy.add(file)
    this.#made.add(file)
    this.#vouching.claim(file)
    const done = () => this.#free(file)
    this.#disk.write({ path, position: size, bytes: NO_BYTES, done })
  }

  #writeHeld(file: number, held: HeldPiece, positionInPiece: number, size: number): void {
    held.users++
    const bytes = held.bytes.subarray(positionInPiece, positionInPiece + size)
    this.#append(file, held.piece, bytes, () => {
      held.users--
      this.#ledger.letGo(held)
    })
  }

  #moveIn(file: number, piece: number, positionInPiece: number, size: number): void {
    this.#busy.add(file)
    const { slots } = this.#ledger
    const grown = this.#ledger.grown(file)
    this.#disk.read(slots.path, slots.position(piece) + positionInPiece, size, bytes => {
      const isTurn = this.#ledger.grown(file) === grown && !this.#oversized.has(file)
      if (bytes?.length !== size) this.#ledger.lose(piece)
      else if (isTurn && this.#isOpen) return this.#append(file, piece, bytes, () => {})
      this.#free(file)
    })
  }

  #append(file: number, piece: number, bytes: Uint8Array, after: () => void): void {
    this.#busy.add(file)
    this.#vouching.claim(file)
    const { path } = this.#ledger.layout.file(file)
    const position = this.#ledger.grown(file)
    const done = () => {
      // A file that vanished meanwhile has been set back; this write then made a hole, which is cut off.
      if (this.#ledger.grown(file) === position && !this.#oversized.has(file)) {
        this.#ledger.grow(piece, file, bytes.length)
        this.#vouching.wrote(file, bytes[bytes.length - 1] as number)
      }
      after()
      this.#free(file)
    }
    const missing = () => {
      after()
      this.#busy.delete(file)
      this.#onGone(file)
    }
    this.#disk.write({ path, position, bytes, done, missing })
  }

  #free(file: number): void {
    this.#busy.delete(file)
    this.pump(file)
  }
}
