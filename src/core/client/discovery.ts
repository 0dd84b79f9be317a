// When to look for peers in the DHT: at once for a new torrent, and again whenever its swarm has nobody left
// to dial, less and less often while nothing comes of it. Who shares is announced as well, from time to time.
import type { Address } from '../bytes/index.ts'
import { type DhtInput, type DhtNotice, isLastNotice, type TaskId } from '../dht/index.ts'
import type { Millis } from '../world/index.ts'
import type { SwarmId } from './commands.ts'

/** After a look-up, before the next: doubled each time until the swarm has enough again. */
const PAUSE_START_MS = 10_000
const PAUSE_LIMIT_MS = 5 * 60_000
/** Nodes forget a peer after half an hour; announced twice in that time it is never forgotten. */
const ANNOUNCE_EVERY_MS = 15 * 60_000
/** Between two looks at whether a swarm needs addresses. */
const LOOK_EVERY_MS = 1_000

interface Search {
  readonly infohash: Uint8Array
  /** The look-up that runs, if one does. */
  task: TaskId | undefined
  /** Look-ups since the swarm last had enough. */
  rounds: number
  notBeforeMs: Millis
  /** When it is announced next; `Infinity` for what is not shared. */
  announceAtMs: Millis
}

export interface DiscoveryHost {
  needsAddresses(swarm: SwarmId): boolean
  found(swarm: SwarmId, peers: readonly Address[]): void
  send(command: Extract<DhtInput, { kind: 'lookup' | 'announce' | 'lookup-stop' }>): void
}

export class Discovery {
  readonly #host: DiscoveryHost
  readonly #searches = new Map<SwarmId, Search>()
  readonly #swarmOf = new Map<TaskId, SwarmId>()
  #lastTask: TaskId = 0
  #lookAtMs: Millis = 0

  constructor(host: DiscoveryHost) {
    this.#host = host
  }

  get wakeAtMs(): Millis {
    return this.#searches.size === 0 ? Number.POSITIVE_INFINITY : this.#lookAtMs
  }

  /** @param isAnnounced whether the network may be told that we have it. */
  add(nowMs: Millis, swarm: SwarmId, infohash: Uint8Array, isAnnounced: boolean): void {
    const announceAtMs = isAnnounced ? nowMs : Number.POSITIVE_INFINITY
    const search = { infohash, task: undefined, rounds: 0, notBeforeMs: nowMs, announceAtMs }
    this.#searches.set(swarm, search)
    this.#lookAtMs = nowMs
  }

  remove(swarm: SwarmId): void {
    const task = this.#searches.get(swarm)?.task
    this.#searches.delete(swarm)
    if (task === undefined) return
    this.#swarmOf.delete(task)
    this.#host.send({ kind: 'lookup-stop', task })
  }

  wake(nowMs: Millis): void {
    if (nowMs < this.#lookAtMs) return
    this.#lookAtMs = nowMs + LOOK_EVERY_MS
    for (const [swarm, search] of this.#searches) {
      if (search.task !== undefined) continue
      if (!this.#host.needsAddresses(swarm)) search.rounds = 0
      else if (nowMs >= search.notBeforeMs) this.#begin(swarm, search, 'lookup')
      if (search.task === undefined && nowMs >= search.announceAtMs) {
        search.announceAtMs = nowMs + ANNOUNCE_EVERY_MS
        this.#begin(swarm, search, 'announce')
      }
    }
  }

  #begin(swarm: SwarmId, search: Search, kind: 'lookup' | 'announce'): void {
    const task = ++this.#lastTask
    search.task = task
    this.#swarmOf.set(task, swarm)
    const { infohash } = search
    // Port 0 stands for the one that our datagrams come from, where the driver takes connections too.
    if (kind === 'announce') this.#host.send({ kind, task, infohash, port: 0 })
    else this.#host.send({ kind, task, infohash })
  }

  notice(nowMs: Millis, notice: DhtNotice): void {
    const swarm = this.#swarmOf.get(notice.task)
    const search = swarm === undefined ? undefined : this.#searches.get(swarm)
    if (swarm === undefined || search === undefined) return
    if (notice.kind === 'peers') this.#host.found(swarm, notice.peers)
    if (!isLastNotice(notice)) return
    this.#swarmOf.delete(notice.task)
    search.task = undefined
    search.notBeforeMs = nowMs + Math.min(PAUSE_LIMIT_MS, PAUSE_START_MS * 2 ** search.rounds++)
  }
}
