// Bytes of a stream that wait to be read: chunks go in as they come, exact runs come out.
import { WireError } from './errors.ts'

const START_BYTES = 1024

/** What goes in is copied. Whoever reads keeps it small: it has no limit of its own. */
export class Intake {
  #bytes = new Uint8Array(START_BYTES)
  #from = 0
  #to = 0

  /** How many bytes wait. */
  get size(): number {
    return this.#to - this.#from
  }

  /** Appends a copy of `chunk`. */
  push(chunk: Uint8Array): void {
    if (this.#to + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length)
    this.#bytes.set(chunk, this.#to)
    this.#to += chunk.length
  }

  /** The next `count` bytes, freshly made; `undefined` while there are fewer. */
  take(count: number): Uint8Array | undefined {
    if (this.size < count) return undefined
    const taken = this.#bytes.slice(this.#from, this.#from + count)
    this.#from += count
    return taken
  }

  /** Everything that waits, freshly made. */
  takeAll(): Uint8Array {
    return this.take(this.size) as Uint8Array
  }

  /**
   * Reads up to the end of `mark`, before which at most `limit` other bytes may stand.
   *
   * @returns false while it has not come.
   * @throws WireError once it cannot come any more.
   */
  skipPast(mark: Uint8Array, limit: number): boolean {
    const last = Math.min(this.#from + limit, this.#to - mark.length)
    for (let at = this.#from; at <= last; at++) {
      if (!this.#isAt(at, mark)) continue
      this.#from = at + mark.length
      return true
    }
    if (this.size >= limit + mark.length) throw new WireError('mse-no-sync', 0)
    return false
  }

  #isAt(at: number, mark: Uint8Array): boolean {
    for (let index = 0; index < mark.length; index++) {
      if (this.#bytes[at + index] !== mark[index]) return false
    }
    return true
  }

  #makeRoom(wantedBytes: number): void {
    const waiting = this.#bytes.subarray(this.#from, this.#to)
    let capacity = this.#bytes.length
    while (capacity < waiting.length + wantedBytes) capacity *= 2
    const larger = new Uint8Array(capacity)
    larger.set(waiting)
    this.#bytes = larger
    this.#to = waiting.length
    this.#from = 0
  }
}
