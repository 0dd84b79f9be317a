// A walk that asks for nodes and nothing else: it fills the table, or answers the command `find`.
import type { Millis } from '../world/index.ts'
import { wantOf } from './family.ts'
import type { Question } from './rpc.ts'
import { Task, type TaskHost } from './task.ts'
import type { Key, TaskId } from './words.ts'

const FIND_IN_FLIGHT = 4

export class Find extends Task {
  readonly #task: TaskId | undefined

  /** @param task whom to tell; `undefined` for a walk of the node's own. */
  constructor(
    host: TaskHost,
    options: { readonly task: TaskId | undefined; readonly target: Key },
  ) {
    super(host, { target: options.target.slice(), inFlightMax: FIND_IN_FLIGHT })
    this.#task = options.task
  }

  protected questionFor(): Question {
    return { method: 'find_node', target: this.target, want: wantOf(this.host.families) }
  }

  protected heard(): void {}

  protected walked(nowMs: Millis): void {
    this.noteSizes()
    if (this.#task !== undefined) this.host.notify({ kind: 'found', ...this.end(this.#task) })
    this.host.finished(nowMs, this)
  }
}
