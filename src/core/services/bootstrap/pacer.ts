// How many pings may leave now. They flow at twice the rate that the nodes and visitors of this moment need
// on average, so that lumps (a restart, a burst of visitors) are flattened within a period or two.
import type { Millis } from '../../world/index.ts'

/** However few nodes there are, so many pings a second may leave: the first minutes must not stall. */
const RATE_MIN = 200
const HEADROOM = 2
/** Pings that were not sent in time are not made up for beyond this. */
const SAVED_MS = 100

export class PingPacer {
  readonly #rateMax: number
  #tokens = 0
  #filledAtMs: Millis

  /** @param rateMax pings a second that are never exceeded. */
  constructor(rateMax: number, nowMs: Millis) {
    this.#rateMax = rateMax
    this.#filledAtMs = nowMs
  }

  /** Pings a second that may leave where `needed` would do on average. */
  rateFor(needed: number): number {
    return Math.min(this.#rateMax, Math.max(RATE_MIN, needed * HEADROOM))
  }

  /** Takes what has gathered since the last call: the number of pings that may leave at once. */
  take(nowMs: Millis, rate: number): number {
    const elapsedMs = Math.min(nowMs - this.#filledAtMs, SAVED_MS)
    this.#filledAtMs = nowMs
    this.#tokens = Math.min(this.#tokens + (elapsedMs * rate) / 1000, (rate * SAVED_MS) / 1000)
    const whole = Math.floor(this.#tokens)
    this.#tokens -= whole
    return whole
  }

  /** Gives back what was taken and not used. */
  giveBack(unused: number): void {
    this.#tokens += unused
  }
}
