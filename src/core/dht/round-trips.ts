// How long an answer takes on this network, learnt from the last ones: the time after which a query is
// called stalled (somebody else is asked in its stead) and the time after which it is given up.
import type { Millis } from '../world/index.ts'

const SAMPLES_MAX = 64
const SAMPLES_PER_UPDATE = 8
/** Before anything was measured: most routers are nearer, and asking one twice costs a datagram. */
const STALL_AT_START_MS = 300
const STALL_MIN_MS = 40
const STALL_MAX_MS = 1500
/** Late answers are still welcome, but nothing waits for them for longer. */
const DEADLINE_MIN_MS = 2500
const DEADLINE_FACTOR = 5

export class RoundTrips {
  readonly #samples: Millis[] = []
  #next = 0
  #stallMs: Millis = STALL_AT_START_MS

  note(roundTripMs: Millis): void {
    this.#samples[this.#next] = roundTripMs
    this.#next = (this.#next + 1) % SAMPLES_MAX
    // One sample changes little once there are many, and a busy node has one for every answer.
    if (this.#samples.length === SAMPLES_MAX && this.#next % SAMPLES_PER_UPDATE !== 0) return
    const sorted = this.#samples.toSorted((a, b) => a - b)
    const quantile = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] as Millis
    // The rule of mldht: nine of ten answers are in time, and jitter of 100 ms is nobody's fault.
    // Few samples say little about the slow tenth, so the slowest is stretched until there are more.
    const slow = quantile(0.9) * (1 + 1 / sorted.length)
    const stallMs = Math.max(slow, quantile(0.1) + 100)
    this.#stallMs = Math.min(Math.max(stallMs, STALL_MIN_MS), STALL_MAX_MS)
  }

  /**
   * @param ownMs the round trip of this very node, where it is known.
   * @returns milliseconds after which a query has stalled.
   */
  stallMs(ownMs?: Millis): Millis {
    if (ownMs === undefined) return this.#stallMs
    return Math.min(Math.max(ownMs * 1.5 + 50, STALL_MIN_MS), STALL_MAX_MS)
  }

  /** Milliseconds after which a query is given up. */
  get deadlineMs(): Millis {
    return Math.max(DEADLINE_MIN_MS, this.#stallMs * DEADLINE_FACTOR)
  }
}
