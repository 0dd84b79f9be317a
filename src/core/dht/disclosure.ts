// What a lookup tells a stranger, put before whoever decides and keeps the record.
import type { Address } from '../bytes/index.ts'
import type { Millis } from '../world/index.ts'
import type { Key } from './words.ts'

/** A query that is about to go out. */
export interface Disclosed {
  readonly to: Address
  /** What is looked for; the receiver may learn less, see `bits`. Lent. */
  readonly infohash: Key
  /** How many leading bits of it the receiver learns: 160 is the infohash itself. */
  readonly bits: number
}

/** Decides what may be named to whom, and logs it. Answers at once. */
export interface Disclosure {
  /** Whether the query may go out; one that may not counts as a node that does not answer. */
  allows(nowMs: Millis, disclosed: Disclosed): boolean
}
