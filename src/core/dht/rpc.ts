// Queries under way: each has an unguessable transaction id, and only an answer with that id from the
// very endpoint that was asked counts. Late ones are told to their owner twice: first as stalled, then as
// silent.
import type { Address } from '../bytes/index.ts'
import { assert, readUint32 } from '../bytes/index.ts'
import { encodeKrpc, type KrpcError, type KrpcQuery, type KrpcResponse } from '../wire/index.ts'
import type { Luck, Millis } from '../world/index.ts'
import { type Family, familyOf } from './family.ts'
import { endpointKey } from './place.ts'
import { RoundTrips } from './round-trips.ts'
import type { Candidate } from './walk.ts'
import type { Key } from './words.ts'

/** In all; tasks keep far below it, so one more is a mistake of ours. */
export const QUERIES_IN_FLIGHT_MAX = 4096
const TRANSACTION_SIZE = 4

type Without<Query> = Query extends KrpcQuery
  ? Omit<Query, 'kind' | 'transaction' | 'version' | 'isReadOnly' | 'id'>
  : never
/** A query without its envelope. */
export type Question = Without<Exclude<KrpcQuery, { method: 'other' }>>

/** Who asked, and hears what came of it. Exactly one of the three ends comes, unless it is cancelled. */
export interface QueryOwner {
  /** An answer came, in time or late. Byte fields are lent. */
  answered(nowMs: Millis, query: Query, response: KrpcResponse): void
  /** The node answered with an error. */
  refused(nowMs: Millis, query: Query, error: KrpcError): void
  /** Nothing came by the time that most answer; it still may. */
  stalled(nowMs: Millis, query: Query): void
  /** Nothing came, and nothing will be taken any more. */
  silent(nowMs: Millis, query: Query): void
}

export interface Query {
  readonly subject: Candidate
  readonly question: Question
  readonly owner: QueryOwner
  readonly transaction: number
  readonly sentMs: Millis
  readonly stallAtMs: Millis
  readonly endAtMs: Millis
  hasStalled: boolean
}

export class Rpc {
  readonly #luck: Luck
  readonly #isReadOnly: boolean
  readonly #send: (to: Address, bytes: Uint8Array) => void
  readonly #queries = new Map<number, Query>()
  readonly #roundTrips: Readonly<Record<Family, RoundTrips>> = {
    ipv4: new RoundTrips(),
    ipv6: new RoundTrips(),
  }
  /** Not later than the next stall or end; made exact when it has passed. */
  #dueMs: Millis = Number.POSITIVE_INFINITY
  #heardMs: Millis = Number.NEGATIVE_INFINITY

  constructor(options: {
    readonly luck: Luck
    readonly isReadOnly: boolean
    readonly send: (to: Address, bytes: Uint8Array) => void
  }) {
    this.#luck = options.luck
    this.#isReadOnly = options.isReadOnly
    this.#send = options.send
  }

  get size(): number {
    return this.#queries.size
  }

  get dueMs(): Millis {
    return this.#dueMs
  }

  /** Sends `question` to `subject` in the name of `ownId`. */
  ask(
    nowMs: Millis,
    query: {
      readonly subject: Candidate
      readonly question: Question
      readonly owner: QueryOwner
      readonly ownId: Key
    },
  ): void {
    assert(this.#queries.size < QUERIES_IN_FLIGHT_MAX, 'too many queries in flight')
    const { subject, question, owner, ownId } = query
    const transaction = this.#drawTransaction()
    const { key, bytes } = transaction
    const roundTrips = this.#roundTrips[familyOf(subject.address)]
    const stallAtMs = nowMs + roundTrips.stallMs(subject.rttMs)
    const endAtMs = Math.max(nowMs + roundTrips.deadlineMs, stallAtMs)
    this.#queries.set(key, {
      subject,
      question,
      owner,
      transaction: key,
      sentMs: nowMs,
      stallAtMs,
      endAtMs,
      hasStalled: false,
    })
    this.#dueMs = Math.min(this.#dueMs, stallAtMs)
    const isReadOnly = this.#isReadOnly
    const envelope = { kind: 'query', transaction: bytes, id: ownId, isReadOnly } as const
    this.#send(subject.address, encodeKrpc({ ...question, ...envelope } as KrpcQuery))
  }

  #drawTransaction(): { key: number; bytes: Uint8Array } {
    for (;;) {
      const bytes = this.#luck.bytes(TRANSACTION_SIZE)
      const key = readUint32(bytes, 0)
      if (!this.#queries.has(key)) return { key, bytes }
    }
  }

  /**
   * The query that `message` from `from` ends, if there is one; it is forgotten.
   *
   * @returns `undefined` for what nobody asked, or what comes from elsewhere than was asked: an answer
   *   from another port is silence. See attacks.md, "spoofed answer".
   */
  take(nowMs: Millis, from: Address, message: KrpcResponse | KrpcError): Query | undefined {
    if (message.transaction.length !== TRANSACTION_SIZE) return undefined
    const query = this.#queries.get(readUint32(message.transaction, 0))
    if (query === undefined || endpointKey(query.subject.address) !== endpointKey(from)) {
      return undefined
    }
    this.#queries.delete(query.transaction)
    this.#heardMs = nowMs
    this.#roundTrips[familyOf(from)].note(nowMs - query.sentMs)
    return query
  }

  /** Whether anybody answered since `sinceMs`; if not, silence says more about our line than about a node. */
  hasHeardSince(sinceMs: Millis): boolean {
    return this.#heardMs > sinceMs
  }

  /** Tells the owners of late queries; `buried` hears of the silent ones first. */
  wake(nowMs: Millis, buried: (query: Query) => void): void {
    if (nowMs < this.#dueMs) return
    const due: Query[] = []
    this.#dueMs = Number.POSITIVE_INFINITY
    for (const query of this.#queries.values()) {
      const dueMs = query.hasStalled ? query.endAtMs : query.stallAtMs
      if (dueMs <= nowMs) due.push(query)
      else this.#dueMs = Math.min(this.#dueMs, dueMs)
    }
    for (const query of due) {
      // An owner told before may have cancelled this one.
      if (!this.#queries.has(query.transaction)) continue
      if (query.hasStalled) {
        this.#queries.delete(query.transaction)
        buried(query)
        query.owner.silent(nowMs, query)
      } else {
        query.hasStalled = true
        this.#dueMs = Math.min(this.#dueMs, query.endAtMs)
        query.owner.stalled(nowMs, query)
      }
    }
  }

  /** Forgets whatever `owner` asked: its answers will be nobody's. */
  cancel(owner: QueryOwner): void {
    for (const [key, query] of this.#queries) if (query.owner === owner) this.#queries.delete(key)
    if (this.#queries.size === 0) this.#dueMs = Number.POSITIVE_INFINITY
  }
}
