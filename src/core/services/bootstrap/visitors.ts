// What is remembered of who asked lately: how much he may still ask, and whether he waits for his ping.
// A table of fixed size: a flood makes it forget, never grow. See attacks.md, "flood".
import { assert } from '../../bytes/index.ts'
import type { Millis } from '../../world/index.ts'

/** Slots that share a place; they lie in one cache line, and the stalest of them makes room. */
const WAYS = 4
/** A slot: tag, when its bucket is full again, until when it waits for a ping. */
const WORDS = 3
/** Hundredths of a second in 32 bits: the clock turns after 497 days, and `#isForeign` expects it. */
const STAMP_MS = 10
const STAMPS_A_SECOND = 1000 / STAMP_MS

export interface VisitorOptions {
  /** Queries a second that one address may ask for long, above 0 and at most 100. */
  readonly ratePerSecond: number
  /** Queries that it may ask at once. */
  readonly burst: number
  /** Addresses remembered, a power of two, 4 or more. */
  readonly slots: number
}

/** Token buckets in the form of one stamp each. @see ITU-T I.371, the generic cell rate algorithm */
export class VisitorTable {
  readonly #table: Uint32Array
  readonly #placeMask: number
  readonly #startMs: Millis
  #intervalStamps = 0
  #burstStamps = 0
  /** The slot that `allows` looked at last. */
  #slot = 0
  #now = 0
  /** The longest wait that was noted: a stamp further ahead was written before the clock turned. */
  #waitLimit = 0

  constructor(options: VisitorOptions, nowMs: Millis) {
    const { slots } = options
    assert(slots >= WAYS && (slots & (slots - 1)) === 0, 'slots are a power of two')
    this.#table = new Uint32Array(slots * WORDS)
    this.#placeMask = slots / WAYS - 1
    this.#startMs = nowMs
    this.configure(options)
  }

  /** Sets another rate; the number of slots stays. */
  configure({ ratePerSecond, burst }: Omit<VisitorOptions, 'slots'>): void {
    assert(ratePerSecond > 0 && ratePerSecond <= STAMPS_A_SECOND, 'a rate of 0 to 100 a second')
    this.#intervalStamps = STAMPS_A_SECOND / ratePerSecond
    this.#burstStamps = this.#intervalStamps * (burst - 1)
  }

  /** Takes a token of the visitor whose address hashes to `place`; false where there is none. */
  allows(nowMs: Millis, place: number): boolean {
    this.#now = Math.floor((nowMs - this.#startMs) / STAMP_MS) >>> 0
    const tag = place === 0 ? 1 : place
    const slot = this.#find((place & this.#placeMask) * WAYS * WORDS, tag)
    const table = this.#table
    this.#slot = slot
    if (table[slot] !== tag) {
      table[slot] = tag
      table[slot + 1] = 0
      table[slot + 2] = 0
    }
    const fullAt = table[slot + 1] as number
    const wait = this.#isForeign(fullAt) ? 0 : Math.max(0, fullAt - this.#now)
    if (wait > this.#burstStamps) return false
    // Rounded up: a stamp is coarser than some rates, and a bucket must never fill too fast.
    table[slot + 1] = this.#now + Math.ceil(wait + this.#intervalStamps)
    return true
  }

  /** Whether the visitor of the last `allows` waits for a ping. */
  get isWaiting(): boolean {
    const until = this.#table[this.#slot + 2] as number
    return until > this.#now && until - this.#now <= this.#waitLimit
  }

  /** Notes that the visitor of the last `allows` waits for a ping that comes in `waitMs`. */
  noteWaiting(waitMs: Millis): void {
    const wait = Math.ceil(waitMs / STAMP_MS)
    this.#waitLimit = Math.max(this.#waitLimit, wait)
    this.#table[this.#slot + 2] = this.#now + wait
  }

  /** A stamp further ahead than any bucket can be was written before the clock turned. */
  #isForeign(fullAt: number): boolean {
    return fullAt - this.#now > this.#burstStamps + this.#intervalStamps + 1
  }

  /** The slot with `tag` among those of a place, or the one that may be overwritten. */
  #find(first: number, tag: number): number {
    const table = this.#table
    let stalest = first
    let stalestAt = Number.POSITIVE_INFINITY
    for (let slot = first; slot < first + WAYS * WORDS; slot += WORDS) {
      if (table[slot] === tag) return slot
      const lastAt = table[slot + 1] as number
      if (lastAt < stalestAt) {
        stalest = slot
        stalestAt = lastAt
      }
    }
    return stalest
  }
}
