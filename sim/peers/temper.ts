// How a simulated peer behaves: an honest seeder unless it is told otherwise.

export interface Temper {
  /** From INTERESTED to UNCHOKE. */
  readonly unchokeAfterMs: number
  /** A choke storm: choked for `forMs` every `everyMs`, its queue dropped. */
  readonly chokes?: { readonly everyMs: number; readonly forMs: number }
  /** Takes requests for these pieces, and never answers them. */
  readonly stallsAt?: (piece: number) => boolean
  /** Hands its blocks to the line in parts of so many bytes, one a second. */
  readonly dripsBytes?: number
  /** Sends these blocks with a byte changed. */
  readonly liesAt?: (piece: number, begin: number) => boolean
  /** Answers with bytes of another info dictionary. */
  readonly liesInMetadata?: boolean
  /** Answers each request with a block of this many bytes fewer. */
  readonly cutsBlocksBy?: number
  /** Sends bytes that are no message, this long after the handshake. */
  readonly garbageAfterMs?: number
  /** Says how much it has, and has it. */
  readonly has: (piece: number) => boolean
  readonly hasFast: boolean
  /** Hangs up this long after each handshake. */
  readonly leavesAfterMs?: number
}

export const HONEST: Temper = { unchokeAfterMs: 5, has: () => true, hasFast: true }
