// Whether the disk is quick enough for the loop's own thread, told from how long it took lately.
import { performance } from 'node:perf_hooks'

/** A request that holds the loop up for so long is too slow for it: a viewer would notice several. */
export const SLOW_MS = 8
/** So many in a row mean a slow disk; a single one, that another program had the processor. */
export const SLOW_IN_A_ROW_MAX = 3
/** A slow disk is left to the thread pool for so long. */
export const SLOW_REST_MS = 5000
/** So long after a quick request the disk counts as awake; a first one may have to wait for a motor. */
export const AWAKE_MS = 10_000

export class Pace {
  #slowInARow = 0
  #restUntilMs = 0
  #awakeUntilMs = 0

  /** Runs `work` and notes how long it took. */
  measure<Result>(work: () => Result): Result {
    const beginMs = performance.now()
    const result = work()
    this.note(beginMs, performance.now())
    return result
  }

  /** Notes a request that somebody, the pool too, has made. */
  note(beginMs: number, endMs: number): void {
    const isSlow = endMs - beginMs > SLOW_MS
    this.#slowInARow = isSlow ? this.#slowInARow + 1 : 0
    if (!isSlow) this.#awakeUntilMs = endMs + AWAKE_MS
    if (this.#slowInARow < SLOW_IN_A_ROW_MAX) return
    this.#slowInARow = 0
    this.#restUntilMs = endMs + SLOW_REST_MS
  }

  /** Whether the loop's own thread may ask the disk now. */
  isQuick(nowMs: number): boolean {
    return nowMs >= this.#restUntilMs && nowMs < this.#awakeUntilMs
  }
}
