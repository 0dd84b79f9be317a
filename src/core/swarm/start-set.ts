// What a player needs besides the bytes it reads first: the container's index, wherever it lies. It is
// fetched at the start, before the player asks for it. One for each file that is watched.
import { ContainerIndex } from './container-index.ts'
import type { ByteRange } from './container-walk.ts'

/** Where players look for an index, or for the time of the end, where the head names no place. */
export const TAIL_BYTES = 2 * 1024 * 1024

/** A file as a run of bytes in piece space, where byte `p * pieceBytes` is the first of piece `p`. */
export interface FileSpan {
  readonly begin: number
  readonly size: number
}

export class StartSet {
  readonly file: FileSpan
  readonly #container: ContainerIndex

  constructor(file: FileSpan) {
    this.file = file
    this.#container = new ContainerIndex(file.size)
  }

  /** Playing time as the container says, or `undefined`. */
  get durationSeconds(): number | undefined {
    return this.#container.durationSeconds
  }

  /** What to fetch at the start, at once, besides where the player reads; inside the file. */
  get ranges(): readonly ByteRange[] {
    const { index, wants, kind } = this.#container
    if (index !== undefined) return wants === undefined ? [index] : [index, wants]
    if (wants !== undefined && kind !== 'unknown') return [wants]
    return kind === 'unknown' || kind === 'other' ? [] : [this.tail]
  }

  /** The end of the file: fetched early, but after what is played first, while its kind is unknown. */
  get tail(): ByteRange {
    const end = this.file.size
    return { begin: Math.max(0, end - TAIL_BYTES), end }
  }

  /** Nothing has been seen of the file yet. */
  get isUnknown(): boolean {
    return this.#container.kind === 'unknown'
  }

  /** Where in the file the walk through the container waits for bytes, or -1. */
  get waitsAt(): number {
    return this.#container.wants?.begin ?? -1
  }

  /**
   * Verified bytes, lent, at `begin` in piece space.
   *
   * @returns whether they were waited for: the ranges or the playing time may have changed.
   */
  feed(begin: number, bytes: Uint8Array): boolean {
    const waitsAt = this.waitsAt + this.file.begin
    if (this.waitsAt < 0 || waitsAt < begin || waitsAt >= begin + bytes.length) return false
    const skipped = Math.max(0, this.file.begin - begin)
    const end = Math.min(bytes.length, this.file.begin + this.file.size - begin)
    this.#container.feed(begin + skipped - this.file.begin, bytes.subarray(skipped, end))
    return true
  }
}
