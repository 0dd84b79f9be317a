// The DHT node as a machine: it routes inputs to its parts and collects their effects.
import { type Address, equalBytes } from '../bytes/index.ts'
import {
  decodeKrpc,
  encodeKrpc,
  type KrpcError,
  type KrpcQuery,
  type KrpcResponse,
  WireError,
} from '../wire/index.ts'
import type { Digests, Luck, Machine, Millis } from '../world/index.ts'
import type { Disclosure } from './disclosure.ts'
import { ExternalAddress } from './external-address.ts'
import { type Family, familyOf } from './family.ts'
import { Find } from './find.ts'
import { Guard } from './guard.ts'
import { isIdValidFor, KEY_SIZE, nodeIdFor } from './id.ts'
import type { Signatures } from './item.ts'
import { endUndone, jobFor } from './jobs.ts'
import { encodeMemory, NodeMemory, type Remembered } from './memory.ts'
import { NetworkSize } from './network-size.ts'
import { endpointKey, isLocal, isUsable } from './place.ts'
import { Responder } from './responder.ts'
import { type Router, Routers } from './routers.ts'
import { QUERIES_IN_FLIGHT_MAX, type Query, type QueryOwner, Rpc } from './rpc.ts'
import { type Entry, RoutingTable } from './table.ts'
import type { Job, TaskHost } from './task.ts'
import { pinged, Upkeep } from './upkeep.ts'
import type { Contact, DhtEffect, DhtInput, Key, PutCommand, TaskCommand, TaskId } from './words.ts'

export interface DhtOptions {
  readonly luck: Luck
  readonly sha1: Digests['sha1']
  readonly routers: readonly Router[]
  /** Sends `ro=1`, answers nothing, and idles until a command comes. Default true. @see BEP 43 */
  readonly isReadOnly?: boolean
  /** The families that the driver has a socket for. Default IPv4 alone. @see BEP 32 */
  readonly families?: readonly Family[]
  /** Takes loopback and private addresses as nodes and as peers. Default false. */
  readonly allowPrivate?: boolean
  /** What an earlier session saved as `dht/nodes`; anything unreadable counts as nothing. */
  readonly saved?: Uint8Array
  /** Ed25519, for mutable items; without it they are refused and not believed. */
  readonly signatures?: Signatures
  /** Decides which lookup may tell what to whom; without it everything may be told. */
  readonly disclosure?: Disclosure
}

/** Tasks at once; a further one ends at once with 0 queries. */
export const TASKS_MAX = 64
/** The table is saved when a task ends, if it was not saved for this long. */
const SAVE_PERIOD_MS = 60_000
/** A kept item is stored again after this. @see BEP 44 */
const REPUBLISH_PERIOD_MS = 3_600_000
/** What a ping of ours has at most, taken from what a stranger's query leaves us. */
const PING_BYTES = 64
/** Hints that wait for the next task; the oldest make room. */
export const HINTS_MAX = 64

/** One network as a node sees it. */
export interface NetworkStatus {
  readonly family: Family
  readonly ownId: Key
  /** Nodes known to be alive. */
  readonly nodes: number
  /** Entries in each bucket; index = bits shared with `ownId`. */
  readonly buckets: readonly number[]
  readonly externalAddress: Address | undefined
  /** Nodes in the whole network, estimated from how dense they lie. */
  readonly networkSize: number | undefined
}

interface Side {
  readonly family: Family
  readonly table: RoutingTable
  readonly external: ExternalAddress
  readonly size: NetworkSize
}

export class DhtNode implements Machine<DhtInput, DhtEffect> {
  readonly #luck: Luck
  readonly #isReadOnly: boolean
  readonly #allowPrivate: boolean
  readonly #sides: readonly Side[]
  readonly #routers: Routers
  readonly #rpc: Rpc
  readonly #memory: NodeMemory
  readonly #tasks = new Map<TaskId, Job>()
  readonly #host: TaskHost
  readonly #guard: Guard
  readonly #responder: Responder
  readonly #upkeep: Upkeep
  /** Items that are to be stored again, and when. */
  readonly #kept = new Map<TaskId, { readonly command: PutCommand; readonly atMs: Millis }>()
  #ownTasks = 0
  #hints: Address[] = []
  #savedMs: Millis = Number.NEGATIVE_INFINITY
  #effects: DhtEffect[] = []

  constructor(options: DhtOptions) {
    const { luck, isReadOnly = true, families = ['ipv4'], allowPrivate = false } = options
    this.#luck = luck
    this.#isReadOnly = isReadOnly
    this.#allowPrivate = allowPrivate
    this.#memory = new NodeMemory(options.saved, allowPrivate)
    this.#sides = families.map(family => ({
      family,
      size: new NetworkSize(this.#memory.sizeOf(family)),
      table: new RoutingTable(luck.bytes(KEY_SIZE)),
      external: new ExternalAddress(allowPrivate),
    }))
    this.#routers = new Routers({
      routers: options.routers,
      families,
      allowPrivate,
      resolve: (request, host) => this.#effects.push({ kind: 'resolve', request, host }),
    })
    const send = (to: Address, bytes: Uint8Array) =>
      this.#effects.push({ kind: 'udp-send', to, bytes })
    this.#rpc = new Rpc({ luck, isReadOnly, send })
    this.#host = this.#hostFor(families, options)
    this.#guard = new Guard(luck)
    this.#responder = new Responder({
      luck,
      sha1: options.sha1,
      signatures: options.signatures,
      families,
      ownId: family => this.#side(family).table.ownId,
      closest: (family, target, count) => this.#side(family).table.closest(target, count),
    })
    this.#upkeep = new Upkeep({
      luck,
      tables: this.#sides.map(({ table }) => table),
      refresh: (nowMs, target) => this.#refresh(nowMs, target),
      ping: (nowMs, contact, owner) => this.#ping(nowMs, contact, owner),
      save: nowMs => this.#save(nowMs),
    })
  }

  #hostFor(families: readonly Family[], options: DhtOptions): TaskHost {
    const { luck, sha1, signatures, disclosure } = options
    return {
      luck,
      sha1,
      signatures,
      allowPrivate: this.#allowPrivate,
      families,
      newTaskId: family => this.#newTaskId(this.#side(family)),
      ask: (nowMs, query) => this.#rpc.ask(nowMs, query),
      closest: (family, target, count) => this.#side(family).table.closest(target, count),
      remembered: (family, target, count) => this.#memory.closest(family, target, count),
      wantRouters: (nowMs, task) => this.#routers.seek(nowMs, task),
      networkSize: family => this.#side(family).size,
      mayDisclose: (nowMs, disclosed) => disclosure?.allows(nowMs, disclosed) ?? true,
      takeHints: () => this.#hints.splice(0),
      notify: notice => this.#effects.push({ kind: 'notify', notice }),
      finished: (nowMs, task) => this.#finish(nowMs, task),
    }
  }

  step(nowMs: Millis, input: DhtInput): void {
    switch (input.kind) {
      case 'udp-data':
        this.#receive(nowMs, input.from, input.bytes)
        break
      case 'wake':
        this.#rpc.wake(nowMs, query => this.#buried(query))
        if (!this.#isReadOnly) this.#upkeep.wake(nowMs)
        this.#republish(nowMs)
        break
      case 'resolved':
        this.#routers.resolved(nowMs, input.request, input.addresses)
        break
      case 'lookup-stop':
        this.#stop(input.task)
        break
      case 'add-contacts':
        this.#addHints(input.addresses)
        break
      case 'save-now':
        this.#save(nowMs)
        break
      default:
        this.#take(nowMs, input)
    }
  }

  drain(): DhtEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  get wakeAtMs(): Millis {
    let dueMs = this.#rpc.dueMs
    if (!this.#isReadOnly) dueMs = Math.min(dueMs, this.#upkeep.dueMs)
    for (const { atMs } of this.#kept.values()) dueMs = Math.min(dueMs, atMs)
    return dueMs
  }

  /** Nodes known to be alive, of all families, for whoever wants to tell the user. */
  get nodeCount(): number {
    return this.#sides.reduce((count, { table }) => count + table.size, 0)
  }

  /** The IPv4 address (IPv6 where there is no IPv4) that most nodes see us at, once known. @see BEP 42 */
  get externalAddress(): Address | undefined {
    return this.#sides.find(({ external }) => external.current !== undefined)?.external.current
  }

  /** What is known of each network, for whoever shows it. */
  get status(): readonly NetworkStatus[] {
    return this.#sides.map(({ family, table, external, size }) => ({
      family,
      ownId: table.ownId,
      nodes: table.size,
      buckets: table.bucketCounts,
      externalAddress: external.current,
      networkSize: size.nodes,
    }))
  }

  #side(family: Family): Side {
    return this.#sides.find(side => side.family === family) as Side
  }

  /**
   * A read-only node shows another id in each task, so that nobody can tell which belong together; a
   * serving one is known by its id anyway.
   */
  #newTaskId({ table, external }: Side): Key {
    if (!this.#isReadOnly) return table.ownId
    if (external.current === undefined) return this.#luck.bytes(KEY_SIZE)
    return nodeIdFor(external.current.ip, this.#luck.below(256), this.#luck)
  }

  #receive(nowMs: Millis, from: Address, bytes: Uint8Array): void {
    if (!isUsable(from, this.#allowPrivate)) return
    try {
      const message = decodeKrpc(bytes)
      if (message.kind !== 'query') this.#end(nowMs, from, message)
      else if (!this.#isReadOnly) this.#answer(nowMs, from, message, bytes.length)
    } catch (error) {
      // A stranger's bytes are wrong: no answer, no score, or a forged sender could blame another.
      if (!(error instanceof WireError)) throw error
    }
  }

  #answer(nowMs: Millis, from: Address, query: KrpcQuery, size: number): void {
    const side = this.#side(familyOf(from))
    const { id } = query
    // Our own words, sent back by a broken network or by someone who would have us talk to ourselves.
    if (id !== undefined && equalBytes(id, side.table.ownId)) return
    if (!this.#guard.admits(nowMs, from)) return
    const stranger = id === undefined ? undefined : { id: id.slice(), address: from }
    const isAsked =
      stranger !== undefined &&
      !query.isReadOnly &&
      !this.#guard.isVerified(from) &&
      side.table.wouldTake(stranger) &&
      this.#upkeep.takeStranger(nowMs)
    const budget = this.#guard.budget(from, size) - (isAsked ? PING_BYTES : 0)
    const answer = this.#responder.answer(nowMs, from, query, budget)
    const bytes = answer === undefined ? undefined : encodeKrpc(answer)
    if (bytes !== undefined && bytes.length <= budget) {
      this.#effects.push({ kind: 'udp-send', to: from, bytes })
    }
    if (isAsked) this.#ping(nowMs, stranger, this.#upkeep)
  }

  #ping(nowMs: Millis, contact: Contact, owner: QueryOwner): void {
    if (this.#rpc.size >= QUERIES_IN_FLIGHT_MAX / 2) return
    const { ownId } = this.#side(familyOf(contact.address)).table
    this.#rpc.ask(nowMs, { subject: pinged(contact), question: { method: 'ping' }, owner, ownId })
  }

  #refresh(nowMs: Millis, target: Key): void {
    if (this.#tasks.size >= TASKS_MAX) return
    this.#begin(nowMs, --this.#ownTasks, new Find(this.#host, { task: undefined, target }))
  }

  #begin(nowMs: Millis, id: TaskId, task: Job): void {
    this.#tasks.set(id, task)
    task.start(nowMs)
  }

  #end(nowMs: Millis, from: Address, message: KrpcResponse | KrpcError): void {
    const query = this.#rpc.take(nowMs, from, message)
    if (query === undefined) return
    const side = this.#side(familyOf(from))
    this.#guard.verify(from)
    if (message.ip !== undefined && side.external.vote(from, message.ip)) this.#moved(side)
    if (message.kind === 'error') {
      query.owner.refused(nowMs, query, message)
      return
    }
    // A public router serves everybody's start; it is no node to keep asking.
    if (!this.#routers.has(from) || isLocal(from.ip)) {
      const { address } = query.subject
      side.table.answered({ id: message.id.slice(), address }, nowMs, nowMs - query.sentMs)
      this.#forgetRemembered(query)
    }
    query.owner.answered(nowMs, query, message)
  }

  /** The network sees us elsewhere: a serving node takes the id that its new address is entitled to. */
  #moved({ table, external }: Side): void {
    const ip = (external.current as Address).ip
    if (this.#isReadOnly || isIdValidFor(table.ownId, ip)) return
    table.rename(nodeIdFor(ip, this.#luck.below(256), this.#luck))
    this.#upkeep.enterAgain()
  }

  #buried(query: Query): void {
    const { id, address } = query.subject
    if (id === undefined || !this.#rpc.hasHeardSince(query.sentMs)) return
    this.#side(familyOf(address)).table.missed({ id, address })
    this.#forgetRemembered(query)
  }

  /** What a node is now, we know; what it was in an earlier session no longer matters. */
  #forgetRemembered({ subject }: Query): void {
    const key = endpointKey(subject.address)
    this.#memory.forget(familyOf(subject.address), ({ address }) => endpointKey(address) === key)
  }

  /** Begins a task; one too many, or one whose number is taken, ends before it began. */
  #take(nowMs: Millis, command: TaskCommand): void {
    const job = jobFor(this.#host, command, this.#isReadOnly)
    if (this.#tasks.size >= TASKS_MAX || this.#tasks.has(command.task)) {
      this.#host.notify(endUndone(command))
      return
    }
    this.#keep(nowMs, command)
    this.#begin(nowMs, command.task, job)
  }

  #keep(nowMs: Millis, command: TaskCommand): void {
    if (command.kind !== 'put' || command.isKept !== true) return
    this.#kept.set(command.task, { command, atMs: nowMs + REPUBLISH_PERIOD_MS })
  }

  #republish(nowMs: Millis): void {
    for (const [id, { command, atMs }] of this.#kept) {
      if (atMs <= nowMs && !this.#tasks.has(id)) this.#take(nowMs, command)
    }
  }

  #stop(id: TaskId): void {
    this.#kept.delete(id)
    const task = this.#tasks.get(id)
    if (task !== undefined) this.#release(id, task)
  }

  #release(id: TaskId, task: Job): void {
    this.#tasks.delete(id)
    for (const owner of task.owners) this.#rpc.cancel(owner)
    this.#routers.forget(task)
  }

  #finish(nowMs: Millis, task: Job): void {
    for (const [id, each] of this.#tasks) if (each === task) this.#release(id, task)
    if (nowMs - this.#savedMs >= SAVE_PERIOD_MS) this.#save(nowMs)
  }

  #addHints(addresses: readonly Address[]): void {
    const usable = addresses.filter(address => isUsable(address, this.#allowPrivate))
    this.#hints = [...this.#hints, ...usable].slice(-HINTS_MAX)
  }

  #save(nowMs: Millis): void {
    this.#savedMs = nowMs
    const sides = { ipv4: this.#worthKeeping('ipv4'), ipv6: this.#worthKeeping('ipv6') }
    const bytes = encodeMemory(sides)
    this.#effects.push({ kind: 'save', name: 'dht/nodes', bytes })
  }

  /** Nodes that answered in this session, then those of an earlier one that nobody had to ask yet. */
  #worthKeeping(family: Family): Remembered {
    const side = this.#sides.find(each => each.family === family)
    const alive: readonly Entry[] = side === undefined ? [] : [...side.table.entries()]
    const size = side === undefined ? this.#memory.sizeOf(family) : side.size.nodes
    return { contacts: [...alive, ...this.#memory.of(family)], size }
  }
}
