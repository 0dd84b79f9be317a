// What every task of a node is made of: one walk in each address family towards one target, fed from the
// table, from nodes of an earlier session and from the routers, in this order of preference.
import type { Address } from '../bytes/index.ts'
import { type KrpcError, type KrpcResponse, parseContacts } from '../wire/index.ts'
import type { Digests, Luck, Millis } from '../world/index.ts'
import type { Disclosed } from './disclosure.ts'
import { type Family, familyOf } from './family.ts'
import type { Signatures } from './item.ts'
import type { NetworkSize } from './network-size.ts'
import type { Query, QueryOwner, Question } from './rpc.ts'
import type { Entry } from './table.ts'
import { type Candidate, CLOSEST_COUNT, Walk } from './walk.ts'
import type { Contact, DhtNotice, Key, TaskId, WalkEnd } from './words.ts'

/** Entries of the table that a walk starts from. */
const STARTERS = 16
/** Lost datagrams must not cost the only entrance: a router gets this many turns. */
const ROUTER_TURNS = 3

/** What a node lends to its tasks. */
export interface TaskHost {
  readonly luck: Luck
  readonly sha1: Digests['sha1']
  readonly signatures: Signatures | undefined
  readonly allowPrivate: boolean
  readonly families: readonly Family[]
  /** The id to show in a new task. */
  newTaskId(family: Family): Key
  ask(
    nowMs: Millis,
    query: {
      readonly subject: Candidate
      readonly question: Question
      readonly owner: QueryOwner
      readonly ownId: Key
    },
  ): void
  closest(family: Family, target: Key, count: number): Entry[]
  /** Nodes of an earlier session that have not answered in this one yet. */
  remembered(family: Family, target: Key, count: number): readonly Contact[]
  /** Asks for the routers' addresses; `task.enter` hears them, now or later. */
  wantRouters(nowMs: Millis, task: Task): void
  /** Endpoints that someone says are nodes, handed over once. */
  takeHints(): readonly Address[]
  /** How many nodes each network has, about. */
  networkSize(family: Family): NetworkSize
  /** Whether this may be told to that address now; asked for every query that tells something. */
  mayDisclose(nowMs: Millis, disclosed: Disclosed): boolean
  notify(notice: DhtNotice): void
  finished(nowMs: Millis, job: Job): void
}

/** Something that a node does for a caller until it calls `finished`. */
export interface Job {
  /** Whose queries are to be forgotten when it ends. */
  readonly owners: readonly QueryOwner[]
  start(nowMs: Millis): void
}

export interface TaskOptions {
  readonly target: Key
  readonly inFlightMax: number
}

/** A walk towards `target` in every family; subclasses say what to ask and what to make of the answers. */
export abstract class Task implements QueryOwner, Job {
  readonly target: Key
  protected readonly host: TaskHost
  protected readonly walks = new Map<Family, Walk>()
  readonly #ownIds = new Map<Family, Key>()
  #routers: 'unasked' | 'wanted' | 'known' = 'unasked'
  #queries = 0
  #answers = 0

  constructor(host: TaskHost, options: TaskOptions) {
    this.host = host
    this.target = options.target
    for (const family of host.families) {
      const { target, inFlightMax } = options
      this.walks.set(family, new Walk({ target, inFlightMax, allowPrivate: host.allowPrivate }))
      this.#ownIds.set(family, host.newTaskId(family))
    }
  }

  /** What to ask `subject`. */
  protected abstract questionFor(subject: Candidate): Question
  /** An answer that counts; its nodes are taken already. */
  protected abstract heard(nowMs: Millis, subject: Candidate, response: KrpcResponse): void
  /** How many bits of the target `subject` learns from the question; 0 where it is nobody's secret. */
  protected bitsFor(_subject: Candidate): number {
    return 0
  }
  /** How many of the nearest nodes are asked at least. */
  protected get width(): number {
    return CLOSEST_COUNT
  }
  /** Every walk is over, for the first time or again after a late answer. */
  protected abstract walked(nowMs: Millis): void

  /** Whose queries are to be forgotten when the task ends. */
  get owners(): readonly QueryOwner[] {
    return [this]
  }

  get queries(): number {
    return this.#queries
  }

  get answers(): number {
    return this.#answers
  }

  start(nowMs: Millis): void {
    let starters = 0
    for (const [family, walk] of this.walks) {
      const known = this.host.closest(family, this.target, STARTERS)
      walk.offerKnown(known)
      starters += known.length
      if (known.length >= STARTERS) continue
      const remembered = this.host.remembered(family, this.target, STARTERS)
      walk.offerHeard(remembered)
      starters += remembered.length
    }
    for (const hint of this.host.takeHints()) this.walks.get(familyOf(hint))?.offerRouter(hint)
    if (starters < CLOSEST_COUNT) this.#wantRouters(nowMs)
    this.proceed(nowMs)
  }

  #wantRouters(nowMs: Millis): void {
    this.#routers = 'wanted'
    this.host.wantRouters(nowMs, this)
  }

  /** Some of the routers' addresses, in any family; with `isLast` no more will come. */
  enter(nowMs: Millis, routers: readonly Address[], isLast: boolean): void {
    if (isLast) this.#routers = 'known'
    for (const address of routers) this.walks.get(familyOf(address))?.offerRouter(address)
    this.proceed(nowMs)
  }

  /** Asks whoever is to be asked now, and notices the end. */
  protected proceed(nowMs: Millis): void {
    this.askNext(nowMs)
    if (this.#routers === 'wanted' || !this.isWalkOver) return
    // Everybody whom the table or the file knew is gone: the routers are the way back in.
    if (this.#routers === 'unasked' && this.#answers < CLOSEST_COUNT) this.#wantRouters(nowMs)
    else this.walked(nowMs)
  }

  protected get isWalkOver(): boolean {
    return [...this.walks.values()].every(walk => walk.isOver)
  }

  protected askNext(nowMs: Millis): void {
    for (const [family, walk] of this.walks) {
      const share = this.host.networkSize(family).reach(1)
      if (share !== undefined) walk.mistrustCrowd(share)
      for (;;) {
        const next = walk.takeNext(this.width)
        if (next === undefined) break
        if (this.#mayAsk(nowMs, next)) this.ask(nowMs, family, next, this.questionFor(next))
        else walk.failed(next)
      }
    }
  }

  #mayAsk(nowMs: Millis, subject: Candidate): boolean {
    const bits = this.bitsFor(subject)
    if (bits === 0) return true
    return this.host.mayDisclose(nowMs, { to: subject.address, infohash: this.target, bits })
  }

  protected ask(
    nowMs: Millis,
    family: Family,
    subject: Candidate,
    question: Question,
    owner: QueryOwner = this,
  ): void {
    this.#queries++
    const ownId = this.#ownIds.get(family) as Key
    this.host.ask(nowMs, { subject, question, owner, ownId })
  }

  /** A node answered this task, on its walk or after it. */
  protected countAnswer(): void {
    this.#answers++
  }

  answered(nowMs: Millis, query: Query, response: KrpcResponse): void {
    this.countAnswer()
    const { subject } = query
    if (this.walks.get(familyOf(subject.address))?.answered(subject, response.id) === true) {
      this.offerNodes(response)
      if (response.token !== undefined) subject.token = response.token.slice()
    }
    this.heard(nowMs, subject, response)
    this.proceed(nowMs)
  }

  protected offerNodes({ nodes, nodes6 }: KrpcResponse): void {
    if (nodes !== undefined) this.walks.get('ipv4')?.offerHeard(parseContacts(nodes, 4))
    if (nodes6 !== undefined) this.walks.get('ipv6')?.offerHeard(parseContacts(nodes6, 16))
  }

  refused(nowMs: Millis, { subject }: Query, _error: KrpcError): void {
    this.walks.get(familyOf(subject.address))?.failed(subject)
    this.proceed(nowMs)
  }

  stalled(nowMs: Millis, { subject }: Query): void {
    const walk = this.walks.get(familyOf(subject.address)) as Walk
    if (subject.id === undefined && subject.asked < ROUTER_TURNS) walk.retry(subject)
    else walk.stalled(subject)
    this.proceed(nowMs)
  }

  silent(nowMs: Millis, { subject }: Query): void {
    const isAnswered = subject.state === 'answered'
    const isAskedAgain = subject.id === undefined && subject.asked < ROUTER_TURNS
    if (!isAnswered && !isAskedAgain) this.walks.get(familyOf(subject.address))?.failed(subject)
    this.proceed(nowMs)
  }

  /** What the last notice of this task says in any case. */
  protected end(task: TaskId): WalkEnd {
    const closest = this.closest().map(({ id, address }) => ({ id: id as Key, address }))
    return { task, queries: this.#queries, answered: this.#answers, closest }
  }

  /** Learns from a finished walk how many nodes there are. */
  protected noteSizes(): void {
    for (const [family, walk] of this.walks) {
      const ids = walk.closest().filter(({ isValid }) => isValid)
      this.host.networkSize(family).note(
        this.target,
        ids.map(({ id }) => id as Key),
      )
    }
  }

  /** The nearest nodes that answered, of all families. */
  protected closest(): Candidate[] {
    return [...this.walks.values()].flatMap(walk => walk.closest())
  }
}
