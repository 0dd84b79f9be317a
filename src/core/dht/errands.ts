// Questions to single nodes after a walk: each is told to whoever waits for it, answered or not.
import type { KrpcError, KrpcResponse } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import type { Query, QueryOwner } from './rpc.ts'

/** What came of one: the response, the error, or nothing. */
export type ErrandEnd = (
  nowMs: Millis,
  query: Query,
  outcome: KrpcResponse | KrpcError | undefined,
) => void

export class Errands implements QueryOwner {
  readonly #ended: ErrandEnd

  constructor(ended: ErrandEnd) {
    this.#ended = ended
  }

  answered(nowMs: Millis, query: Query, response: KrpcResponse): void {
    this.#ended(nowMs, query, response)
  }

  refused(nowMs: Millis, query: Query, error: KrpcError): void {
    this.#ended(nowMs, query, error)
  }

  // A late answer is as good as an early one: what it says is not a step of a walk.
  stalled(): void {}

  silent(nowMs: Millis, query: Query): void {
    this.#ended(nowMs, query, undefined)
  }
}
