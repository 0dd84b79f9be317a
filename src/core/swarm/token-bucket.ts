// A rate limit: bytes trickle into a bucket and are taken out by whoever sends or asks. Several swarms
// share one bucket, because the user's line is one.
import type { Millis } from '../world/index.ts'

/** The bucket holds what comes in this time: short enough for an even flow, long enough for a block. */
const BURST_MS = 250
/** A bucket must hold one block at least, or a low limit would let nothing through. */
const BURST_MIN_BYTES = 32 * 1024

export class TokenBucket {
  #bytesPerSecond: number
  #tokens: number
  #filledAtMs: Millis = 0

  /** @param bytesPerSecond above 0; `Infinity` for no limit. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
    this.#tokens = this.#capacity
  }

  get isUnlimited(): boolean {
    return this.#bytesPerSecond === Number.POSITIVE_INFINITY
  }

  /** Changes the rate; what is in the bucket stays, up to the new capacity. */
  setRate(nowMs: Millis, bytesPerSecond: number): void {
    this.#fill(nowMs)
    this.#bytesPerSecond = bytesPerSecond
    this.#tokens = Math.min(Number.isFinite(this.#tokens) ? this.#tokens : 0, this.#capacity)
    if (this.isUnlimited) this.#tokens = Number.POSITIVE_INFINITY
  }

  /** How many bytes may be taken now. */
  available(nowMs: Millis): number {
    if (this.isUnlimited) return Number.POSITIVE_INFINITY
    this.#fill(nowMs)
    return Math.max(0, this.#tokens)
  }

  /** Takes bytes out; the bucket may owe, and `available` stays 0 until that is paid back. */
  take(bytes: number): void {
    if (!this.isUnlimited) this.#tokens -= bytes
  }

  /** When `bytes` will be available if nobody else takes any. */
  readyAtMs(nowMs: Millis, bytes: number): Millis {
    if (this.isUnlimited) return nowMs
    this.#fill(nowMs)
    const missing = Math.min(bytes, this.#capacity) - this.#tokens
    // A whole millisecond at least: a rest lost in rounding would wake the machine for ever.
    return missing <= 0 ? nowMs : nowMs + Math.max(1, (missing * 1000) / this.#bytesPerSecond)
  }

  get #capacity(): number {
    return Math.max(BURST_MIN_BYTES, (this.#bytesPerSecond * BURST_MS) / 1000)
  }

  #fill(nowMs: Millis): void {
    const elapsedMs = nowMs - this.#filledAtMs
    this.#filledAtMs = nowMs
    if (this.isUnlimited) return
    const filled = this.#tokens + (this.#bytesPerSecond * elapsedMs) / 1000
    this.#tokens = Math.min(this.#capacity, filled)
  }
}
