// How many nodes the network has, from how near to a random key the nearest ones are: of N nodes spread
// evenly, the k-th nearest lies at about k/N of the key space.
import type { Key } from './words.ts'

/** The last walks that count; their median is taken, so that one that sybils surround changes little. */
const ESTIMATES_MAX = 15
const BYTES_USED = 6
const SPACE = 2 ** (BYTES_USED * 8)

/** The XOR distance of two keys as a share of the key space, 0 to 1. */
export function distanceShare(a: Key, b: Key): number {
  let share = 0
  for (let index = 0; index < BYTES_USED; index++) {
    share = share * 256 + ((a[index] as number) ^ (b[index] as number))
  }
  return share / SPACE
}

export class NetworkSize {
  readonly #estimates: number[] = []

  /** @param saved what an earlier session estimated; it counts as one walk. */
  constructor(saved: number | undefined) {
    if (saved !== undefined && saved > 0) this.#estimates.push(saved)
  }

  /** Takes note of the ids nearest to `target`, nearest first; fewer than three say nothing. */
  note(target: Key, ids: readonly Key[]): void {
    const last = ids.at(-1)
    if (last === undefined || ids.length < 3) return
    this.#estimates.push((ids.length - 1) / Math.max(distanceShare(target, last), 1 / SPACE))
    if (this.#estimates.length > ESTIMATES_MAX) this.#estimates.shift()
  }

  /** Nodes in the network, about; `undefined` before the first walk. */
  get nodes(): number | undefined {
    const sorted = this.#estimates.toSorted((a, b) => a - b)
    return sorted[sorted.length >> 1]
  }

  /** The share of the key space within which the `count` nearest nodes of a key are to be expected. */
  reach(count: number): number | undefined {
    return this.nodes === undefined ? undefined : count / this.nodes
  }
}
