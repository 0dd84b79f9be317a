// How fast bytes go by, for people to read: the mean of the last few seconds, in a ring of buckets.
import type { Millis } from '../world/index.ts'

const BUCKETS = 8
const BUCKET_MS = 500

export class Meter {
  readonly #bytes = new Float64Array(BUCKETS)
  #bucket = 0
  #startedAtMs: Millis = Number.NaN
  #total = 0

  /** All bytes ever noted. */
  get totalBytes(): number {
    return this.#total
  }

  note(nowMs: Millis, bytes: number): void {
    this.#turnTo(nowMs)
    const index = this.#bucket % BUCKETS
    this.#bytes[index] = (this.#bytes[index] as number) + bytes
    this.#total += bytes
  }

  /** Mean over the last 4 s, or over the time since the first note where that is shorter. */
  bytesPerSecond(nowMs: Millis): number {
    if (Number.isNaN(this.#startedAtMs)) return 0
    this.#turnTo(nowMs)
    let sum = 0
    for (const bytes of this.#bytes) sum += bytes
    const bucketStartMs = Math.floor(nowMs / BUCKET_MS) * BUCKET_MS
    const coveredMs = nowMs - bucketStartMs + (BUCKETS - 1) * BUCKET_MS
    const livedMs = Math.max(BUCKET_MS, nowMs - this.#startedAtMs)
    return (sum * 1000) / Math.min(coveredMs, livedMs)
  }

  #turnTo(nowMs: Millis): void {
    const bucket = Math.floor(nowMs / BUCKET_MS)
    if (Number.isNaN(this.#startedAtMs)) {
      this.#startedAtMs = nowMs
      this.#bucket = bucket
    }
    const steps = Math.min(BUCKETS, bucket - this.#bucket)
    for (let step = 1; step <= steps; step++) this.#bytes[(this.#bucket + step) % BUCKETS] = 0
    this.#bucket = bucket
  }
}
