// A walk that fills the table: the nodes nearest to a key are asked for nodes, nobody is told anything else.
import type { Millis } from '../world/index.ts'
import { wantOf } from './family.ts'
import type { Question } from './rpc.ts'
import { Task, type TaskHost } from './task.ts'
import type { Key } from './words.ts'

const REFRESH_IN_FLIGHT = 4

export class Refresh extends Task {
  constructor(host: TaskHost, target: Key) {
    super(host, { target, inFlightMax: REFRESH_IN_FLIGHT })
  }

  protected questionFor(): Question {
    return { method: 'find_node', target: this.target, want: wantOf(this.host.families) }
  }

  protected heard(): void {}

  protected walked(nowMs: Millis): void {
    this.host.finished(nowMs, this)
  }
}
