// What every machine is, and what it is given instead of a clock and a dice.

/** Monotonic milliseconds, fractions allowed; only differences mean anything. */
export type Millis = number

/** A protocol with no sockets, timers or promises of its own. */
export interface Machine<Input, Effect> {
  /** Takes one input. `nowMs` never goes back. Bytes inside `input` are lent: copy what you keep. */
  step(nowMs: Millis, input: Input): void
  /** Hands over what the world must do, oldest first, and forgets it. */
  drain(): Effect[]
  /** When `{ kind: 'wake' }` is due if nothing else arrives; `Infinity` when idle. */
  readonly wakeAtMs: Millis
}

/** All the chance there is. In a simulation it comes from the run's seed. */
export interface Luck {
  /** `count` unpredictable bytes, freshly made: for keys, ids, tokens. */
  bytes(count: number): Uint8Array
  /** A whole number `0..limit-1`, evenly spread; `limit` is 1 to 2^32. */
  below(limit: number): number
}

/** Digests of short inputs (a block, a token), answered at once. Whole pieces are the effect `hash`. */
export interface Digests {
  /** @returns 20 bytes, freshly made. */
  sha1(bytes: Uint8Array): Uint8Array
  /** @returns 32 bytes, freshly made. */
  sha256(bytes: Uint8Array): Uint8Array
}
