// Hashes whole pieces on the loop's own thread: a worker costs a quarter more and gains nothing where the
// other core serves (docs/measures.md). A big piece is hashed in slices, and everybody else has a turn
// between two of them.
import { createHash, type Hash as Digest } from 'node:crypto'
import type { Hash, WorldInput } from '../core/world/index.ts'

/** Some 2 ms of SHA-1: the longest that a viewer or a peer waits for a hash. */
export const SLICE_BYTES = 4 * 1024 * 1024

export class Hasher {
  readonly #onInput: (input: WorldInput) => void
  /** Bounded by the store and the picker: they have so many pieces in memory at most. */
  readonly #waiting: { effect: Hash; digest: Digest; done: number }[] = []
  #turn: NodeJS.Immediate | undefined

  constructor(onInput: (input: WorldInput) => void) {
    this.#onInput = onInput
  }

  hash(effect: Hash): void {
    if (effect.bytes.length <= SLICE_BYTES && this.#waiting.length === 0) {
      this.#answer(effect, createHash(effect.algorithm).update(effect.bytes))
      return
    }
    this.#waiting.push({ effect, digest: createHash(effect.algorithm), done: 0 })
    this.#turn ??= setImmediate(() => this.#slice())
  }

  close(): void {
    this.#waiting.length = 0
    if (this.#turn !== undefined) clearImmediate(this.#turn)
    this.#turn = undefined
  }

  #slice(): void {
    this.#turn = undefined
    const first = this.#waiting[0]
    if (first === undefined) return
    const { effect, digest, done } = first
    digest.update(effect.bytes.subarray(done, done + SLICE_BYTES))
    first.done += SLICE_BYTES
    if (first.done >= effect.bytes.length) {
      this.#waiting.shift()
      this.#answer(effect, digest)
    }
    if (this.#waiting.length > 0) this.#turn ??= setImmediate(() => this.#slice())
  }

  #answer(effect: Hash, digest: Digest): void {
    // A plain array: `slice` of a Buffer would not copy, and machines copy with `slice` what they keep.
    const bytes = new Uint8Array(digest.digest())
    this.#onInput({ kind: 'hashed', request: effect.request, digest: bytes })
  }
}
