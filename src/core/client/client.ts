// The whole client as one machine: it owns the DHT node and the swarms, knows which connection and which
// request belongs to whom, and passes inputs and effects along. It decides nothing that a part could decide.
import { toHex } from '../bytes/index.ts'
import { type DhtEffect, DhtNode, type DhtOptions } from '../dht/index.ts'
import {
  Outbox,
  type PiecesStatus,
  Swarm,
  type SwarmInput,
  type SwarmNotice,
  type SwarmStatus,
  TokenBucket,
} from '../swarm/index.ts'
import type {
  ConnectionId,
  Digests,
  Luck,
  Machine,
  Millis,
  RequestId,
  WorldInput,
} from '../world/index.ts'
import { Blocklist } from './blocklist.ts'
import type { ClientEffect, ClientInput, Command, SwarmId } from './commands.ts'
import { type Disclosure, Disclosures } from './disclosure.ts'
import { Discovery } from './discovery.ts'
import { Lobby } from './lobby.ts'

/** Torrents at once. Beyond it `add` is answered by a fatal problem. */
export const SWARMS_MAX = 256

export interface ClientMachineOptions {
  readonly luck: Luck
  readonly digests: Digests
  /** Bytes a second for all torrents together, `Infinity` for no limit. */
  readonly downLimit: number
  readonly upLimit: number
  /** Absent: no DHT. */
  readonly dht?: DhtOptions
}

interface Entry {
  readonly id: SwarmId
  readonly swarm: Swarm
  readonly infohash: string
  /** The v2 infohash cut short, where it is another. */
  readonly infohash2: string | undefined
}

export class Client implements Machine<ClientInput, ClientEffect> {
  /** Nothing is sent to these addresses and nothing is taken from them. */
  readonly blocklist = new Blocklist()
  readonly #options: ClientMachineOptions
  readonly #outbox = new Outbox<ClientEffect>()
  readonly #swarms = new Map<SwarmId, Entry>()
  readonly #byConnection = new Map<ConnectionId, Entry>()
  readonly #byRequest = new Map<RequestId, SwarmId>()
  readonly #disclosures = new Disclosures()
  readonly #lobby = new Lobby()
  readonly #dht: DhtNode | undefined
  readonly #discovery: Discovery
  readonly #downLimit: TokenBucket
  readonly #upLimit: TokenBucket
  #nowMs: Millis = 0
  #lastConnection = -1
  #lastRequest = 0
  /** Torrents that have not said `stopped` yet; `undefined` while running. */
  #stopping: Set<SwarmId> | undefined

  constructor(options: ClientMachineOptions) {
    this.#options = options
    this.#downLimit = new TokenBucket(options.downLimit)
    this.#upLimit = new TokenBucket(options.upLimit)
    const disclosure = this.#disclosures.forDht(ip => this.blocklist.has(ip))
    this.#dht = options.dht && new DhtNode({ ...options.dht, disclosure })
    this.#discovery = new Discovery({
      needsAddresses: id => this.#swarms.get(id)?.swarm.needsAddresses === true,
      found: (id, peers) => {
        const entry = this.#swarms.get(id)
        if (entry !== undefined) this.#give(entry, { kind: 'add-peers', peers, from: 'dht' })
      },
      send: command => this.#dht?.step(this.#nowMs, command),
    })
  }

  get wakeAtMs(): Millis {
    let wakeAtMs = Math.min(
      this.#discovery.wakeAtMs,
      this.#lobby.wakeAtMs,
      this.#dht?.wakeAtMs ?? Number.POSITIVE_INFINITY,
    )
    for (const { swarm } of this.#swarms.values()) wakeAtMs = Math.min(wakeAtMs, swarm.wakeAtMs)
    return wakeAtMs
  }

  drain(): ClientEffect[] {
    return this.#outbox.drain()
  }

  step(nowMs: Millis, input: ClientInput): void {
    this.#nowMs = nowMs
    switch (input.kind) {
      case 'tcp-data':
        this.#received(input)
        break
      case 'tcp-open':
      case 'tcp-drained':
        this.#toOwner(this.#byConnection.get(input.connection), input)
        break
      case 'tcp-closed':
        this.#closed(input)
        break
      case 'tcp-accepted':
        this.#accepted(input)
        break
      case 'hashed':
      case 'disk-read-done':
      case 'disk-written':
      case 'disk-failed':
        this.#answered(input)
        break
      case 'wake':
        this.#wake(nowMs)
        break
      case 'udp-data':
        if (!this.blocklist.has(input.from.ip)) this.#dht?.step(nowMs, input)
        break
      case 'resolved':
        this.#dht?.step(nowMs, input)
        break
      default:
        this.#command(nowMs, input)
    }
    this.#collectDht()
  }

  /** What is shown of a torrent; `undefined` for one that is not there. */
  status(swarm: SwarmId): SwarmStatus | undefined {
    return this.#swarms.get(swarm)?.swarm.status()
  }

  pieces(swarm: SwarmId): PiecesStatus | undefined {
    return this.#swarms.get(swarm)?.swarm.pieces()
  }

  /** Who learned what about us in this session. */
  disclosures(): Disclosure[] {
    return this.#disclosures.list()
  }

  /** Nodes of the DHT that are known to be alive. */
  get dhtNodeCount(): number {
    return this.#dht?.nodeCount ?? 0
  }

  // ---- commands -----------------------------------------------------------------------------------

  #command(nowMs: Millis, command: Command): void {
    if (command.kind === 'add') this.#add(nowMs, command)
    else if (command.kind === 'limits') {
      this.#downLimit.setRate(nowMs, command.down)
      this.#upLimit.setRate(nowMs, command.up)
    } else if (command.kind === 'stop') this.#stop(nowMs)
    else this.#toOwner(this.#swarms.get(command.swarm), command)
  }

  #add(nowMs: Millis, command: Extract<Command, { kind: 'add' }>): void {
    const { swarm: id, source, options } = command
    if (this.#stopping !== undefined || this.#swarms.has(id)) return
    if (this.#swarms.size >= SWARMS_MAX) {
      const message = `At most ${SWARMS_MAX} torrents at once; remove one first.`
      const problem = { code: 'too-many-torrents', message, isFatal: true } as const
      this.#outbox.push({ kind: 'notify', notice: { kind: 'problem', swarm: id, problem } })
      return
    }
    const infohash = toHex(source.infohash)
    const { luck, digests } = this.#options
    const swarm = new Swarm(nowMs, {
      source,
      options,
      luck,
      digests,
      discretion: this.#disclosures.discretionFor(options.sharing, infohash, () => this.#nowMs),
      downLimit: this.#downLimit,
      upLimit: this.#upLimit,
      newConnection: () => {
        this.#lastConnection += 2
        return this.#lastConnection
      },
      newRequest: () => {
        this.#lastRequest++
        this.#byRequest.set(this.#lastRequest, id)
        return this.#lastRequest
      },
      isBlocked: ip => this.blocklist.has(ip),
    })
    const shortV2 = source.infohash2?.subarray(0, 20)
    const entry: Entry = {
      id,
      swarm,
      infohash,
      infohash2: shortV2 === undefined ? undefined : toHex(shortV2),
    }
    this.#swarms.set(id, entry)
    // A private torrent's peers come from its tracker alone (BEP 27): the DHT must not hear of it.
    if (this.#dht !== undefined && source.metainfo?.isPrivate !== true) {
      const isAnnounced = this.#disclosures.mayAnnounce(options.sharing)
      this.#discovery.add(nowMs, id, source.infohash, isAnnounced)
    }
    this.#collect(entry)
  }

  #stop(nowMs: Millis): void {
    if (this.#stopping !== undefined) return
    this.#stopping = new Set(this.#swarms.keys())
    for (const id of this.#stopping) this.#discovery.remove(id)
    this.#dht?.step(nowMs, { kind: 'save-now' })
    for (const entry of this.#swarms.values()) this.#give(entry, { kind: 'stop' })
    this.#checkStopped()
  }

  #checkStopped(): void {
    if (this.#stopping?.size === 0) {
      this.#outbox.push({ kind: 'notify', notice: { kind: 'stopped' } })
    }
  }

  // ---- the world's answers --------------------------------------------------------------------------

  #received(input: Extract<WorldInput, { kind: 'tcp-data' }>): void {
    const entry = this.#byConnection.get(input.connection)
    if (entry !== undefined) this.#give(entry, input)
    else if (this.#lobby.has(input.connection)) this.#stranger(input.connection, input.bytes)
  }

  #accepted(input: Extract<WorldInput, { kind: 'tcp-accepted' }>): void {
    const isWelcome =
      !this.blocklist.has(input.from.ip) &&
      this.#stopping === undefined &&
      this.#lobby.enter(this.#nowMs, input.connection, input.from)
    if (!isWelcome) this.#outbox.push({ kind: 'tcp-close', connection: input.connection })
  }

  /** A stranger in the lobby spoke: once it names a torrent, its connection belongs to that swarm. */
  #stranger(connection: ConnectionId, lent: Uint8Array): void {
    const answer = this.#lobby.receive(connection, lent)
    if (answer.kind === 'wait') return
    const entry = answer.kind === 'admit' ? this.#named(answer.infohash) : undefined
    if (answer.kind === 'close' || entry === undefined) {
      this.#outbox.push({ kind: 'tcp-close', connection })
      return
    }
    this.#byConnection.set(connection, entry)
    this.#give(entry, { kind: 'tcp-accepted', connection, from: answer.from })
    // The swarm may have closed it at once; then these bytes find nobody.
    this.#toOwner(this.#byConnection.get(connection), {
      kind: 'tcp-data',
      connection,
      bytes: answer.bytes,
    })
  }

  #named(infohash: string): Entry | undefined {
    for (const entry of this.#swarms.values()) {
      if (entry.infohash === infohash || entry.infohash2 === infohash) return entry
    }
    return undefined
  }

  #closed(input: Extract<WorldInput, { kind: 'tcp-closed' }>): void {
    const entry = this.#byConnection.get(input.connection)
    this.#byConnection.delete(input.connection)
    this.#lobby.leave(input.connection)
    this.#toOwner(entry, input)
  }

  #answered(
    input: Extract<
      WorldInput,
      { kind: 'hashed' | 'disk-read-done' | 'disk-written' | 'disk-failed' }
    >,
  ): void {
    const id = this.#byRequest.get(input.request)
    if (id === undefined) return
    this.#byRequest.delete(input.request)
    this.#toOwner(this.#swarms.get(id), input)
  }

  #wake(nowMs: Millis): void {
    for (const connection of this.#lobby.expire(nowMs)) {
      this.#outbox.push({ kind: 'tcp-close', connection })
    }
    for (const entry of this.#swarms.values()) {
      if (entry.swarm.wakeAtMs <= nowMs) this.#give(entry, { kind: 'wake' })
    }
    if (this.#dht !== undefined && this.#dht.wakeAtMs <= nowMs)
      this.#dht.step(nowMs, { kind: 'wake' })
    this.#discovery.wake(nowMs)
  }

  // ---- passing along --------------------------------------------------------------------------------

  #toOwner(entry: Entry | undefined, input: SwarmInput): void {
    if (entry !== undefined) this.#give(entry, input)
  }

  /** A mistake of ours in one torrent ends that torrent, and no other. */
  #give(entry: Entry, input: SwarmInput): void {
    try {
      entry.swarm.step(this.#nowMs, input)
    } catch (error) {
      this.#forget(entry)
      this.#outbox.push({ kind: 'notify', notice: { kind: 'broken', swarm: entry.id, error } })
      return
    }
    this.#collect(entry)
  }

  #collect(entry: Entry): void {
    for (const effect of entry.swarm.drain()) {
      switch (effect.kind) {
        case 'notify':
          this.#noticed(entry, effect.notice)
          break
        case 'tcp-dial':
          this.#byConnection.set(effect.connection, entry)
          this.#outbox.push(effect)
          break
        case 'tcp-close':
          this.#byConnection.delete(effect.connection)
          this.#outbox.push(effect)
          break
        default:
          this.#outbox.push(effect)
      }
    }
  }

  #noticed(entry: Entry, notice: SwarmNotice): void {
    if (notice.kind === 'stopped') {
      this.#stopping?.delete(entry.id)
      this.#checkStopped()
      return
    }
    if (notice.kind === 'removed') this.#forget(entry)
    if (notice.kind === 'metadata' && notice.metainfo.isPrivate) this.#discovery.remove(entry.id)
    this.#outbox.push({ kind: 'notify', notice: { swarm: entry.id, ...notice } })
  }

  /** The torrent is gone: so are its connections, and what is still answered for it finds nobody. */
  #forget(entry: Entry): void {
    this.#swarms.delete(entry.id)
    this.#discovery.remove(entry.id)
    for (const [connection, owner] of this.#byConnection) {
      if (owner !== entry) continue
      this.#byConnection.delete(connection)
      this.#outbox.push({ kind: 'tcp-close', connection })
    }
    if (this.#stopping?.delete(entry.id) === true) this.#checkStopped()
  }

  #collectDht(): void {
    if (this.#dht === undefined) return
    for (const effect of this.#dht.drain()) this.#dhtEffect(effect)
  }

  #dhtEffect(effect: DhtEffect): void {
    if (effect.kind === 'notify') {
      this.#discovery.notice(this.#nowMs, effect.notice)
      this.#outbox.push({ kind: 'notify', notice: { kind: 'dht', notice: effect.notice } })
    } else if (effect.kind !== 'udp-send' || !this.blocklist.has(effect.to.ip)) {
      this.#outbox.push(effect)
    }
  }
}
