// Addresses that nothing is sent to and nothing is taken from: merged ranges in sorted typed arrays, so
// that half a million of them cost 4 MB and a look-up 19 comparisons.
import { compareBytes, readUint32 } from '../bytes/index.ts'

/** From `first` to `last`, both included, both of 4 or both of 16 bytes. */
export interface IpRange {
  readonly first: Uint8Array
  readonly last: Uint8Array
}

/** Ranges beyond this are dropped: the largest public lists have about 500,000. */
export const RANGES_MAX = 1_000_000

const IP6_WORDS = 4

export class Blocklist {
  /** Pairs of first and last, ascending, no two touching. */
  #v4 = new Uint32Array(0)
  /** Pairs of addresses of four words each. */
  #v6 = new Uint32Array(0)

  /** Forgets what was listed and lists `ranges`, in any order, overlapping or not. */
  replace(ranges: readonly IpRange[]): void {
    const kept = ranges.slice(0, RANGES_MAX)
    this.#v4 = pack(merge(kept.filter(range => range.first.length === 4)))
    this.#v6 = pack(merge(kept.filter(range => range.first.length === 16)))
  }

  has(ip: Uint8Array): boolean {
    const table = ip.length === 4 ? this.#v4 : this.#v6
    const words = ip.length === 4 ? 1 : IP6_WORDS
    let low = 0
    let high = table.length / (2 * words) - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const base = middle * 2 * words
      if (compareAt(ip, table, base, words) < 0) high = middle - 1
      else if (compareAt(ip, table, base + words, words) > 0) low = middle + 1
      else return true
    }
    return false
  }
}

function compareAt(ip: Uint8Array, table: Uint32Array, base: number, words: number): number {
  for (let word = 0; word < words; word++) {
    const difference = readUint32(ip, word * 4) - (table[base + word] as number)
    if (difference !== 0) return difference
  }
  return 0
}

function merge(ranges: IpRange[]): IpRange[] {
  ranges.sort((a, b) => compareBytes(a.first, b.first))
  const merged: { first: Uint8Array; last: Uint8Array }[] = []
  for (const { first, last } of ranges) {
    if (compareBytes(first, last) > 0) continue
    const before = merged.at(-1)
    if (before === undefined || compareBytes(first, before.last) > 0) merged.push({ first, last })
    else if (compareBytes(last, before.last) > 0) before.last = last
  }
  return merged
}

function pack(ranges: readonly IpRange[]): Uint32Array<ArrayBuffer> {
  const words = (ranges[0]?.first.length ?? 4) / 4
  const table = new Uint32Array(ranges.length * 2 * words)
  for (const [index, { first, last }] of ranges.entries()) {
    for (let word = 0; word < words; word++) {
      table[index * 2 * words + word] = readUint32(first, word * 4)
      table[(index * 2 + 1) * words + word] = readUint32(last, word * 4)
    }
  }
  return table
}
