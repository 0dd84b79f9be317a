// Writing into the network: a walk collects tokens, the nearest nodes are given what is to be kept, and then
// asked for it, because a node that says yes may not have kept it.
import type { KrpcError, KrpcResponse } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import { Errands } from './errands.ts'
import { familyOf } from './family.ts'
import type { Query, QueryOwner, Question } from './rpc.ts'
import { Task, type TaskHost } from './task.ts'
import type { Candidate } from './walk.ts'
import type { Key, TaskId } from './words.ts'

const STORE_IN_FLIGHT = 8

export abstract class StoreTask extends Task {
  readonly #task: TaskId
  readonly #writes = new Errands((nowMs, query, outcome) => this.#wrote(nowMs, query, outcome))
  readonly #checks = new Errands((nowMs, _query, outcome) => this.#checked(nowMs, outcome))
  #hasWalked = false
  #open = 0
  #accepted = 0
  #verified = 0
  readonly #refusals: number[] = []

  constructor(host: TaskHost, options: { readonly task: TaskId; readonly target: Key }) {
    super(host, { target: options.target, inFlightMax: STORE_IN_FLIGHT })
    this.#task = options.task
  }

  /** What `subject`, who gave a token, is asked to keep. */
  protected abstract writeFor(subject: Candidate, token: Uint8Array): Question
  /** Whether a node's answer to the question of the walk shows that it keeps what we gave it. */
  protected abstract isKept(response: KrpcResponse): boolean

  override get owners(): readonly QueryOwner[] {
    return [this, this.#writes, this.#checks]
  }

  protected heard(): void {}

  protected walked(nowMs: Millis): void {
    if (this.#hasWalked) return
    this.#hasWalked = true
    this.noteSizes()
    for (const subject of this.closest()) {
      if (subject.token === undefined) continue
      const question = this.writeFor(subject, subject.token)
      this.#open++
      this.ask(nowMs, familyOf(subject.address), subject, question, this.#writes)
    }
    this.#finish(nowMs)
  }

  #wrote(nowMs: Millis, { subject }: Query, outcome: KrpcResponse | KrpcError | undefined): void {
    this.#open--
    if (outcome !== undefined) this.countAnswer()
    if (outcome?.kind === 'error') this.#refusals.push(outcome.code)
    if (outcome?.kind === 'response') {
      this.#accepted++
      this.#open++
      const question = this.questionFor(subject)
      this.ask(nowMs, familyOf(subject.address), subject, question, this.#checks)
    }
    this.#finish(nowMs)
  }

  #checked(nowMs: Millis, outcome: KrpcResponse | KrpcError | undefined): void {
    this.#open--
    if (outcome !== undefined) this.countAnswer()
    if (outcome?.kind === 'response' && this.isKept(outcome)) this.#verified++
    this.#finish(nowMs)
  }

  #finish(nowMs: Millis): void {
    if (this.#open > 0) return
    this.host.notify({
      kind: 'stored',
      ...this.end(this.#task),
      accepted: this.#accepted,
      verified: this.#verified,
      refusals: this.#refusals,
    })
    this.host.finished(nowMs, this)
  }
}
