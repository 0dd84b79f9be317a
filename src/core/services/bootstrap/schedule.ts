// When who is pinged. One table of times, because the promise of the server follows from their sum: what
// is handed out answered within `VERIFIED_WITHIN_MS`.
import type { Millis } from '../../world/index.ts'

/** Tenths of a second since a start of the machine's own: what a row of a flat array can hold. */
export type Tick = number

export const TICK_MS = 100
/** Ticks that lie before the machine's start, so that what a snapshot remembers has a time too. */
const TICKS_BEFORE_START = 1_000_000

const MINUTE_TICKS = 60_000 / TICK_MS

/** From a visit to the ping that decides about the visitor: who is only passing is gone by then. */
export const PROBATION_MS = 15 * 60_000
/**
 * From a pong to the next ping, longer with each pong: who has been there for long stays for long (session
 * times are heavy-tailed). The average age at hand-out is half of it, and that decides the alive share.
 */
export const RECHECK_TICKS: readonly number[] = [1, 1.5, 2, 3, 4, 5, 7, 10].map(
  minutes => minutes * MINUTE_TICKS,
)
export const LEVEL_MAX = RECHECK_TICKS.length - 1
/** The longest of these waits. */
export const RECHECK_MAX_TICKS = RECHECK_TICKS[LEVEL_MAX] as number
/** From this level on each pong is told to other servers: from the first pong on never 10 minutes apart. */
export const TOLD_LEVEL = 4
/** After this without a pong the node is asked again. */
export const PONG_WAIT_TICKS = 50
/** Pings to a known node that may stay unanswered: with 5 % loss each way, 1 live node in 1,000 is lost. */
export const PINGS_IN_VAIN_MAX = 3
/** A node whose ping could not be sent in time, because the rate is bounded, leaves after this. */
export const OVERDUE_LIMIT_TICKS = 5 * MINUTE_TICKS
/** A node shared by another server may take its turn this much later than its age asks for. */
export const SHARED_LAG_LIMIT_TICKS = MINUTE_TICKS
/**
 * A row of a snapshot whose ping is overdue by more is not handed out but pinged first. Leaves half of the
 * overdue limit for those that are.
 */
export const RESTORED_OVERDUE_LIMIT_TICKS = OVERDUE_LIMIT_TICKS / 2

/** The promise: no older verification is ever handed out. */
export const VERIFIED_WITHIN_MS =
  (RECHECK_MAX_TICKS +
    OVERDUE_LIMIT_TICKS +
    SHARED_LAG_LIMIT_TICKS +
    PINGS_IN_VAIN_MAX * PONG_WAIT_TICKS) *
  TICK_MS

/** The machine's clock in ticks. */
export class TickClock {
  readonly #startMs: Millis

  constructor(nowMs: Millis) {
    this.#startMs = nowMs
  }

  tickAt(nowMs: Millis): Tick {
    return Math.floor((nowMs - this.#startMs) / TICK_MS) + TICKS_BEFORE_START
  }

  /** The first moment of `tick`. */
  momentOf(tick: Tick): Millis {
    return (tick - TICKS_BEFORE_START) * TICK_MS + this.#startMs
  }
}
