// The plain lookup: every node on the way to an infohash is asked for its peers by name.
import type { Address } from '../bytes/index.ts'
import type { KrpcResponse } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import { wantOf } from './family.ts'
import { KEY_SIZE } from './id.ts'
import { isUsable } from './place.ts'
import type { Question } from './rpc.ts'
import { Task, type TaskHost } from './task.ts'
import type { Candidate } from './walk.ts'
import type { Key, TaskId } from './words.ts'

/** Queries under way at once. More shorten the way little and cost many queries; measured in measures.md. */
export const LOOKUP_IN_FLIGHT = 16
/** Peers taken from one answer. A datagram holds fewer; what claims more is no answer. */
const PEERS_PER_ANSWER_MAX = 256

export class PlainLookup extends Task {
  readonly #task: TaskId
  #told = 0
  #hasPeers = false
  /** The nearest knew no peers, so more are asked. */
  #isFarther = false

  constructor(host: TaskHost, command: { readonly task: TaskId; readonly infohash: Key }) {
    super(host, { target: command.infohash.slice(), inFlightMax: LOOKUP_IN_FLIGHT })
    this.#task = command.task
  }

  protected override bitsFor(): number {
    return KEY_SIZE * 8
  }

  protected questionFor(subject: Candidate): Question {
    if (subject.asked === 1) this.#told++
    return {
      method: 'get_peers',
      infohash: this.target,
      isNoSeed: false,
      isScrape: false,
      want: wantOf(this.host.families),
    }
  }

  protected heard(_nowMs: Millis, subject: Candidate, response: KrpcResponse): void {
    const peers = usablePeers(response, this.host.allowPrivate)
    if (peers.length === 0) return
    this.#hasPeers = true
    const from = { id: response.id.slice(), address: subject.address }
    this.host.notify({ kind: 'peers', task: this.#task, from, peers })
  }

  protected walked(nowMs: Millis): void {
    if (!this.#hasPeers && !this.#isFarther) {
      this.noteSizes()
      this.#isFarther = true
      for (const walk of this.walks.values()) walk.lookFarther()
      this.proceed(nowMs)
      return
    }
    if (!this.#isFarther) this.noteSizes()
    this.host.notify({
      kind: 'lookup-done',
      ...this.end(this.#task),
      nodesToldTarget: this.#told,
    })
    this.host.finished(nowMs, this)
  }
}

/** The peers of an answer that may be dialled. */
export function usablePeers(response: KrpcResponse, allowPrivate: boolean): readonly Address[] {
  return (response.peers ?? [])
    .slice(0, PEERS_PER_ANSWER_MAX)
    .filter(peer => isUsable(peer, allowPrivate))
}
