// Announcing us as a peer, to the nodes nearest to an infohash.
import type { KrpcResponse } from '../wire/index.ts'
import { wantOf } from './family.ts'
import { KEY_SIZE } from './id.ts'
import type { Question } from './rpc.ts'
import { StoreTask } from './store-task.ts'
import type { TaskHost } from './task.ts'
import type { Candidate } from './walk.ts'
import type { AnnounceCommand } from './words.ts'

export class Announce extends StoreTask {
  readonly #command: AnnounceCommand

  constructor(host: TaskHost, command: AnnounceCommand) {
    super(host, { task: command.task, target: command.infohash.slice() })
    this.#command = command
  }

  protected override bitsFor(): number {
    return KEY_SIZE * 8
  }

  protected questionFor(): Question {
    const want = wantOf(this.host.families)
    return { method: 'get_peers', infohash: this.target, isNoSeed: false, isScrape: false, want }
  }

  protected writeFor(_subject: Candidate, token: Uint8Array): Question {
    const { port, isSeed = false } = this.#command
    const isPortImplied = port === 0
    return { method: 'announce_peer', infohash: this.target, port, isPortImplied, isSeed, token }
  }

  /** Each answer says how its sender sees us: that is the peer to look for. */
  protected isKept({ peers = [], ip }: KrpcResponse): boolean {
    const port = this.#command.port === 0 ? ip?.port : this.#command.port
    return peers.some(
      peer => peer.port === port && (ip === undefined || String(peer.ip) === String(ip.ip)),
    )
  }
}
