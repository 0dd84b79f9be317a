// Who may ask how much, and how many bytes an address is owed that has not yet shown that it is real.
// Fixed memory: addresses share slots by a keyed hash, so a flood of senders costs us nothing and cannot
// be aimed at a third party's slot.
import type { Address } from '../bytes/index.ts'
import type { Luck, Millis } from '../world/index.ts'
import { hostKey, type PlaceKey } from './place.ts'

/** 64 KiB. A slot that two addresses share gives each of them less, never more. */
const SLOTS = 8192
/** Queries a second that one address may ask for long. */
export const QUERIES_PER_SECOND_MAX = 25
/** Queries that it may ask at once after a silence: a lookup that branches through us. */
export const QUERIES_AT_ONCE_MAX = 75
/** Addresses that answered us and are remembered as real; the oldest make room. */
export const VERIFIED_MAX = 8192
/** What an unverified address gets at most, in bytes for each byte that came from there. */
export const AMPLIFICATION_MAX = 2

/** Of one answer to anybody: what passes every link in one piece. */
export const ANSWER_BYTES_MAX = 1400

export class Guard {
  readonly #salt: number
  /** When each slot will have used up what it asked for, in milliseconds. */
  readonly #paidMs = new Float64Array(SLOTS)
  readonly #verified = new Map<PlaceKey, true>()

  constructor(luck: Luck) {
    this.#salt = luck.below(0x1_0000_0000)
  }

  /** Whether a query from `from` is to be looked at now; takes it from what the address may ask. */
  admits(nowMs: Millis, from: Address): boolean {
    const slot = this.#slotOf(from.ip)
    const paidMs = Math.max(this.#paidMs[slot] as number, nowMs) + 1000 / QUERIES_PER_SECOND_MAX
    if (paidMs - nowMs > (QUERIES_AT_ONCE_MAX * 1000) / QUERIES_PER_SECOND_MAX) return false
    this.#paidMs[slot] = paidMs
    return true
  }

  /** `address` answered a query of ours, so whoever is there hears what we send there. */
  verify(address: Address): void {
    const key = hostKey(address)
    this.#verified.delete(key)
    this.#verified.set(key, true)
    if (this.#verified.size <= VERIFIED_MAX) return
    const [oldest] = this.#verified.keys()
    this.#verified.delete(oldest as PlaceKey)
  }

  /** How many bytes may go to `from` for a query of `size` bytes. See attacks.md, "amplifier". */
  budget(from: Address, size: number): number {
    if (this.isVerified(from)) return ANSWER_BYTES_MAX
    return Math.min(size * AMPLIFICATION_MAX, ANSWER_BYTES_MAX)
  }

  isVerified(address: Address): boolean {
    return this.#verified.has(hostKey(address))
  }

  /** FNV-1a over the address (of IPv6 the /64), keyed. */
  #slotOf(ip: Uint8Array): number {
    let hash = this.#salt
    const size = ip.length === 4 ? 4 : 8
    for (let index = 0; index < size; index++) {
      hash = Math.imul(hash ^ (ip[index] as number), 0x0100_0193)
    }
    hash ^= hash >>> 15
    return (hash >>> 0) % SLOTS
  }
}
