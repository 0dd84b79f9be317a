// What every task of a node is made of: one walk in each address family towards one target, fed from the
// table, from nodes of an earlier session and from the routers, in this order of preference.
import type { Address } from '../bytes/index.ts'
import { type KrpcError, type KrpcResponse, parseContacts } from '../wire/index.ts'
import type { Luck, Millis } from '../world/index.ts'
import { type Family, familyOf } from './family.ts'
import type { Query, QueryOwner, Question } from './rpc.ts'
import type { Entry } from './table.ts'
import { type Candidate, CLOSEST_COUNT, Walk } from './walk.ts'
import type { Contact, DhtNotice, Key } from './words.ts'

/** Entries of the table that a walk starts from. */
const STARTERS = 16
/** Lost datagrams must not cost the only entrance: a router gets this many turns. */
const ROUTER_TURNS = 3

/** What a node lends to its tasks. */
export interface TaskHost {
  readonly luck: Luck
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
  notify(notice: DhtNotice): void
  finished(nowMs: Millis, task: Task): void
}

export interface TaskOptions {
  readonly target: Key
  readonly inFlightMax: number
}

/** A walk towards `target` in every family; subclasses say what to ask and what to make of the answers. */
export abstract class Task implements QueryOwner {
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
  /** Every walk is over. The task calls `end` when it has nothing more to do. */
  protected abstract walked(nowMs: Millis): void

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
    for (const [family, walk] of this.walks) {
      for (let next = walk.takeNext(); next !== undefined; next = walk.takeNext()) {
        this.ask(nowMs, family, next, this.questionFor(next))
      }
    }
    if (this.#routers === 'wanted' || ![...this.walks.values()].every(walk => walk.isOver)) return
    // Everybody whom the table or the file knew is gone: the routers are the way back in.
    if (this.#routers === 'unasked' && this.#answers < CLOSEST_COUNT) this.#wantRouters(nowMs)
    else this.walked(nowMs)
  }

  protected ask(nowMs: Millis, family: Family, subject: Candidate, question: Question): void {
    this.#queries++
    const ownId = this.#ownIds.get(family) as Key
    this.host.ask(nowMs, { subject, question, owner: this, ownId })
  }

  answered(nowMs: Millis, query: Query, response: KrpcResponse): void {
    this.#answers++
    const { subject } = query
    if (this.walks.get(familyOf(subject.address))?.answered(subject, response.id) === true) {
      if (response.nodes !== undefined) {
        this.walks.get('ipv4')?.offerHeard(parseContacts(response.nodes, 4))
      }
      if (response.nodes6 !== undefined) {
        this.walks.get('ipv6')?.offerHeard(parseContacts(response.nodes6, 16))
      }
      if (response.token !== undefined) subject.token = response.token.slice()
    }
    this.heard(nowMs, subject, response)
    this.proceed(nowMs)
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

  /** The nearest nodes that answered, of all families. */
  protected closest(): Candidate[] {
    return [...this.walks.values()].flatMap(walk => walk.closest())
  }
}
