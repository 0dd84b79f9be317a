// Reading and writing items of BEP 44. Nothing is believed that does not fit its target and signature.
import { equalBytes } from '../bytes/index.ts'
import type { KrpcResponse } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import { wantOf } from './family.ts'
import { copyItem, isItemGood, isNewer, targetOf } from './item.ts'
import type { Question } from './rpc.ts'
import { StoreTask } from './store-task.ts'
import { Task, type TaskHost } from './task.ts'
import type { Candidate } from './walk.ts'
import type { GetCommand, Item, PutCommand } from './words.ts'

const GET_IN_FLIGHT = 8
/** Room for an item of full size with key and signature in an answer of twice the query. */
const ITEM_PADDING_BYTES = 600

export class GetItem extends Task {
  readonly #command: GetCommand
  #item: Item | undefined

  constructor(host: TaskHost, command: GetCommand) {
    super(host, { target: command.target.slice(), inFlightMax: GET_IN_FLIGHT })
    this.#command = command
  }

  protected questionFor(): Question {
    const want = wantOf(this.host.families)
    return { method: 'get', target: this.target, want, paddingBytes: ITEM_PADDING_BYTES }
  }

  protected heard(_nowMs: Millis, { address }: Candidate, response: KrpcResponse): void {
    const item = itemOf(response, this.#command.salt)
    if (item === undefined || !isNewer(item, this.#item)) return
    if (!isItemGood(item, this.target, this.host)) return
    this.#item = copyItem(item)
    const from = { id: response.id.slice(), address }
    this.host.notify({ kind: 'item', task: this.#command.task, from, item: this.#item })
  }

  protected walked(nowMs: Millis): void {
    this.noteSizes()
    this.host.notify({ kind: 'got', ...this.end(this.#command.task), item: this.#item })
    this.host.finished(nowMs, this)
  }
}

export class PutItem extends StoreTask {
  readonly #command: PutCommand

  constructor(host: TaskHost, command: PutCommand) {
    super(host, { task: command.task, target: targetOf(command.item, host.sha1) })
    this.#command = { ...command, item: copyItem(command.item) }
  }

  protected questionFor(subject: Candidate): Question {
    const want = wantOf(this.host.families)
    // On the walk the tokens are wanted, afterwards the item.
    const paddingBytes = subject.state === 'answered' ? ITEM_PADDING_BYTES : 0
    return { method: 'get', target: this.target, want, paddingBytes }
  }

  protected writeFor(_subject: Candidate, token: Uint8Array): Question {
    const { item, cas } = this.#command
    const { value, mutable } = item
    if (mutable === undefined) return { method: 'put', token, value }
    return { method: 'put', token, value, mutable: { ...mutable, cas } }
  }

  protected isKept(response: KrpcResponse): boolean {
    const { item } = this.#command
    const { value, sequence } = response
    if (value === undefined || !equalBytes(value, item.value)) return false
    return item.mutable === undefined || item.mutable.sequence === sequence
  }
}

function itemOf(response: KrpcResponse, salt: Uint8Array | undefined): Item | undefined {
  const { value, key, signature, sequence } = response
  if (value === undefined) return undefined
  if (key === undefined || signature === undefined || sequence === undefined) return { value }
  return { value, mutable: { key, signature, sequence, salt } }
}
