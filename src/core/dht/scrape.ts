// The Bloom filters of BEP 33, by which many nodes' counts of a swarm add up without counting twice.
import type { Digests } from '../world/index.ts'

export const FILTER_SIZE_BYTES = 256
const FILTER_BITS = FILTER_SIZE_BYTES * 8
const HASHES = 2

/** Enters `ip` (4 or 16 bytes) into `filter`, 256 bytes. */
export function addToFilter(filter: Uint8Array, ip: Uint8Array, sha1: Digests['sha1']): void {
  const digest = sha1(ip)
  for (let hash = 0; hash < HASHES; hash++) {
    const low = digest[hash * 2] as number
    const bit = (low | ((digest[hash * 2 + 1] as number) << 8)) % FILTER_BITS
    filter[bit >> 3] = (filter[bit >> 3] as number) | (1 << (bit & 7))
  }
}

/** Enters everything that `other` holds into `filter`. */
export function mergeFilter(filter: Uint8Array, other: Uint8Array): void {
  for (let index = 0; index < FILTER_SIZE_BYTES; index++) {
    filter[index] = (filter[index] as number) | (other[index] as number)
  }
}

/** About how many addresses were entered; at most some 6,000 for a full filter. */
export function filterEstimate(filter: Uint8Array): number {
  let ones = 0
  for (const byte of filter) for (let bits = byte; bits !== 0; bits &= bits - 1) ones++
  const zeros = Math.max(1, FILTER_BITS - ones)
  return Math.log(zeros / FILTER_BITS) / (HASHES * Math.log(1 - 1 / FILTER_BITS))
}
