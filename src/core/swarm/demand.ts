// What is to be fetched now: the wanted pieces, less by a full store, and for a moment nothing but windows
// after a viewer has left, because most who leave come back at another place and want an empty line there.
import type { BitField } from '../bytes/index.ts'
import type { Millis } from '../world/index.ts'
import type { Picker } from './picker.ts'

/** How long a viewer that left is expected elsewhere: players close one connection before they open another. */
export const HUSH_MS = 1_500
const NEVER = Number.POSITIVE_INFINITY

export class Demand {
  /** Every peer is to be looked at, the choking ones too: what is interesting may have changed. */
  isEveryoneDue = false
  readonly #picker: Picker
  readonly #pieceCount: number
  #wanted: BitField | undefined
  /** Wanted pieces that are not on the disk. */
  #missingCount = 0
  /** The store's limit is reached. */
  #isFullUp = false
  #hushUntilMs: Millis = NEVER

  constructor(picker: Picker, pieceCount: number) {
    this.#picker = picker
    this.#pieceCount = pieceCount
  }

  /** @param pieces what is wanted, `undefined` for all. @param stored what is on the disk. */
  setWanted(pieces: BitField | undefined, stored: BitField): void {
    this.#wanted = pieces
    this.#picker.setWanted(pieces)
    this.isEveryoneDue = true
    this.#missingCount = 0
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      if (this.#isWanted(piece) && !stored.has(piece)) this.#missingCount++
    }
  }

  /** Whether every wanted piece is on the disk. */
  get isMet(): boolean {
    return this.#missingCount === 0
  }

  stored(piece: number): void {
    if (this.#isWanted(piece)) this.#missingCount--
  }

  dropped(piece: number): void {
    if (this.#isWanted(piece)) this.#missingCount++
  }

  /** Beyond the store's limit only what viewers wait for is fetched. */
  setFullUp(isFullUp: boolean): void {
    if (isFullUp === this.#isFullUp) return
    this.#isFullUp = isFullUp
    this.#apply()
  }

  /** A viewer has left. */
  hush(nowMs: Millis): void {
    this.#hushUntilMs = nowMs + HUSH_MS
    this.#apply()
  }

  /** A viewer reads: whatever its window leaves over is asked for as well. */
  endHush(): void {
    if (this.#hushUntilMs === NEVER) return
    this.#hushUntilMs = NEVER
    this.#apply()
  }

  get wakeAtMs(): Millis {
    return this.#hushUntilMs
  }

  wake(nowMs: Millis): void {
    if (nowMs >= this.#hushUntilMs) this.endHush()
  }

  #isWanted(piece: number): boolean {
    return this.#wanted?.has(piece) ?? true
  }

  #apply(): void {
    this.#picker.setWindowsOnly(this.#isFullUp || this.#hushUntilMs !== NEVER)
    this.isEveryoneDue = true
  }
}
