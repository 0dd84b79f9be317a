// One question to one endpoint: is a node there, and which?
import type { KrpcResponse } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import { Errands } from './errands.ts'
import { familyOf } from './family.ts'
import type { QueryOwner } from './rpc.ts'
import type { Job, TaskHost } from './task.ts'
import { candidateOf } from './walk.ts'
import type { PingCommand } from './words.ts'

export class Ping implements Job {
  readonly #host: TaskHost
  readonly #command: PingCommand
  readonly #errands: Errands

  constructor(host: TaskHost, command: PingCommand) {
    this.#host = host
    this.#command = command
    this.#errands = new Errands((nowMs, { sentMs }, outcome) => {
      this.#end(nowMs, nowMs - sentMs, outcome?.kind === 'response' ? outcome : undefined)
    })
  }

  get owners(): readonly QueryOwner[] {
    return [this.#errands]
  }

  start(nowMs: Millis): void {
    const { address } = this.#command
    const family = familyOf(address)
    if (!this.#host.families.includes(family)) {
      this.#end(nowMs, 0, undefined)
      return
    }
    const subject = candidateOf(undefined, address, undefined)
    const ownId = this.#host.newTaskId(family)
    const question = { method: 'ping' } as const
    this.#host.ask(nowMs, { subject, question, owner: this.#errands, ownId })
  }

  #end(nowMs: Millis, roundTripMs: Millis, response: KrpcResponse | undefined): void {
    const { task, address } = this.#command
    const node = response === undefined ? undefined : { id: response.id.slice(), address }
    const tookMs = response === undefined ? undefined : roundTripMs
    this.#host.notify({ kind: 'pong', task, node, roundTripMs: tookMs })
    this.#host.finished(nowMs, this)
  }
}
