// How much of a torrent may stay on disk (`--store-limit`). Where all that is wanted fits, nothing is ever
// given up. Where it does not, no file can be whole: pieces live in slots alone, and the one that no viewer
// will reach soonest makes room for the next.
import type { Ledger } from './ledger.ts'
import type { StoreNotice } from './words.ts'

export class Keeping {
  readonly #ledger: Ledger
  readonly #limitBytes: number
  readonly #notify: (notice: StoreNotice) => void
  /** The piece where each viewer reads. */
  #viewers: readonly number[] = []
  #wantedBytes = 0
  /** For which state of the slots `#isExhausted` was found. */
  #judgedVersion = -1
  #isExhausted = false
  /** Nothing is told before the check is over: which files are wanted is said until then. */
  #isOpen = false
  #isTold = false

  constructor(ledger: Ledger, limitBytes: number, notify: (notice: StoreNotice) => void) {
    this.#ledger = ledger
    this.#limitBytes = limitBytes
    this.#notify = notify
    this.select()
  }

  /** Whether what is wanted is more than may be kept. */
  get isPartial(): boolean {
    return this.#wantedBytes > this.#limitBytes
  }

  /** Whether what comes now takes the place of something else. */
  get isFullUp(): boolean {
    return this.isPartial && !this.#hasRoom()
  }

  /**
   * Whether nothing more should be fetched: there is no room, and all that is kept lies so near ahead of a
   * viewer that it would only be given up for what is as near. Changes as viewers read on.
   */
  get isExhausted(): boolean {
    if (!this.isFullUp) return false
    const { version, takenCount } = this.#ledger.slots
    if (version !== this.#judgedVersion) {
      this.#judgedVersion = version
      const victim = this.#victim()
      this.#isExhausted = victim === undefined || this.#rank(victim) < takenCount
    }
    return this.#isExhausted
  }

  /** The wanted files have changed. */
  select(): void {
    this.#wantedBytes = 0
    for (const [index, file] of this.#ledger.layout.files.entries()) {
      if (this.#ledger.wanted.has(index) && !file.isPadding) this.#wantedBytes += file.size
    }
    this.#tell()
  }

  /** What was on disk is known, and so is what is wanted. */
  open(): void {
    this.#isOpen = true
    this.#tell()
  }

  viewersAt(pieces: readonly number[]): void {
    const isSame =
      pieces.length === this.#viewers.length &&
      pieces.every((piece, at) => piece === this.#viewers[at])
    if (isSame) return
    this.#viewers = [...pieces]
    this.#judgedVersion = -1
  }

  /** Whether `piece` would be kept if it came now. */
  accepts(piece: number): boolean {
    if (!this.isFullUp) return true
    const victim = this.#victim()
    return victim !== undefined && this.#rank(victim) > this.#rank(piece)
  }

  /** Gives up what is least useful until `piece` fits. @returns false where `piece` itself is that. */
  makeRoom(piece: number): boolean {
    if (!this.isPartial) return true
    while (!this.#hasRoom()) {
      const victim = this.#victim()
      if (victim === undefined || this.#rank(victim) <= this.#rank(piece)) return false
      this.#ledger.lose(victim)
    }
    return true
  }

  #hasRoom(): boolean {
    const { slots, layout } = this.#ledger
    return (slots.takenCount + 1) * layout.pieceBytes + slots.tableBytes <= this.#limitBytes
  }

  #victim(): number | undefined {
    let victim: number | undefined
    for (const piece of this.#ledger.slots.filled) {
      if (victim === undefined || this.#rank(piece) > this.#rank(victim)) victim = piece
    }
    return victim
  }

  /** How long a piece will not be missed: what lies ahead of a viewer by its distance, then the rest. */
  #rank(piece: number): number {
    let ahead = Number.POSITIVE_INFINITY
    let behind = this.#ledger.layout.pieceCount
    for (const viewer of this.#viewers) {
      if (piece >= viewer) ahead = Math.min(ahead, piece - viewer)
      else behind = Math.min(behind, viewer - piece)
    }
    // Without a viewer nothing is more useful than what is there already.
    if (this.#viewers.length === 0) return 0
    return ahead === Number.POSITIVE_INFINITY ? this.#ledger.layout.pieceCount + behind : ahead
  }

  #tell(): void {
    if (!this.#isOpen || this.#isTold === this.isPartial) return
    this.#isTold = this.isPartial
    const problem = 'store-limit'
    if (!this.#isTold) {
      this.#notify({ kind: 'solved', problem })
      return
    }
    this.#notify({
      kind: 'problem',
      problem,
      message: `The files need ${this.#wantedBytes} bytes and the store may hold ${this.#limitBytes}: only what is being watched is kept. Raise --store-limit or choose fewer files to keep them.`,
    })
  }
}
