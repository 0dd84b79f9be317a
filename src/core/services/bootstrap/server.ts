// The bootstrap server as a machine: introduces newcomers to nodes that answered it lately, queues them,
// pings them later, and keeps whoever answers. Datagrams are answered in place (`answer`); pings come
// out of `drain` like the effects of any machine.
import { type Address, assert, ipScope } from '../../bytes/index.ts'
import { isIdBoundTo } from '../../dht/index.ts'
import { KrpcScanner } from '../../wire/index.ts'
import type { Luck, Machine, Millis, UdpSend } from '../../world/index.ts'
import {
  type AnswerSlot,
  AnswerWriter,
  type Datagram,
  NODES_LIMIT_BYTES,
  newAnswerSlot,
  type Share,
  TRANSACTION_ECHO_LIMIT,
  writePing,
} from './answer.ts'
import { COOKIE_SIZE, CookieJar, type Endpoint } from './cookie.ts'
import { AGE_BUCKETS_SECONDS, type Counters, newCounters, type Rejection } from './counters.ts'
import { KeyedHash } from './keyed-hash.ts'
import { ID_SIZE, NONE } from './node-store.ts'
import type { BootstrapChanges, BootstrapOptions } from './options.ts'
import { PingPacer } from './pacer.ts'
import { ProbationQueue } from './probation.ts'
import { NodeRing, type Verdict } from './ring.ts'
import { TICK_MS, type Tick, TickClock, TOLD_LEVEL } from './schedule.ts'
import { Restorer, saveRows } from './snapshot.ts'
import { VisitorTable } from './visitors.ts'

export type BootstrapInput =
  | { readonly kind: 'wake' }
  | {
      readonly kind: 'udp-data'
      readonly from: Address
      readonly bytes: Uint8Array
      readonly socket?: number
    }

/** A datagram to be sent through the socket of that number. */
export interface BootstrapSend extends UdpSend {
  readonly socket: number
}

/** Pings leave in bunches this far apart: a timer for each would cost more than the ping. */
const PING_BUNCH_MS = 20
/** One answer in so many is looked at for the ages of its nodes; a power of two. */
const AGE_SAMPLE = 64
/** What the second head of nodes adds to an answer, `6:nodes6608:`. */
const SECOND_HEAD_BYTES = 12
/** An answer of another kind than the ordinary one is at most so many times as large as its query. */
const AMPLIFICATION_MAX = 3

/** One family: who may be named, and who waits. */
interface Family {
  readonly ring: NodeRing
  readonly queue: ProbationQueue
}

export class BootstrapServer implements Machine<BootstrapInput, BootstrapSend> {
  readonly counters: Counters = newCounters()
  /** Hears of nodes that answered a ping of ours: for those who share nodes. */
  onVerified: ((node: Endpoint, id: Uint8Array) => void) | undefined
  #options: BootstrapOptions
  readonly #ip4: Family
  readonly #ip6: Family
  readonly #hash: KeyedHash
  readonly #visitors: VisitorTable
  readonly #cookies: CookieJar
  readonly #pacer: PingPacer
  readonly #clock: TickClock
  readonly #scan = new KrpcScanner()
  readonly #writer = new AnswerWriter()
  readonly #slot = newAnswerSlot()
  readonly #ownerIp4 = new Uint8Array(4)
  readonly #ownerIp6 = new Uint8Array(16)
  readonly #ownerId = new Uint8Array(ID_SIZE)
  #effects: BootstrapSend[] = []
  #wakeAtMs: Millis = Number.POSITIVE_INFINITY

  constructor(options: BootstrapOptions, luck: Luck, nowMs: Millis) {
    assert(options.ids.length >= 1 && options.ids.length <= 64, 'a server has 1 to 64 sockets')
    this.#options = options
    this.#hash = KeyedHash.from(luck)
    this.#ip4 = newFamily(options, 4, luck)
    this.#ip6 = newFamily(options, 16, luck)
    this.#visitors = new VisitorTable(options.visitors, nowMs)
    this.#cookies = new CookieJar(luck, nowMs)
    this.#pacer = new PingPacer(options.pingsPerSecondMax, nowMs)
    this.#clock = new TickClock(nowMs)
  }

  get wakeAtMs(): Millis {
    return this.#wakeAtMs
  }

  /** Changes what may change while it runs. */
  configure(changes: BootstrapChanges): void {
    this.#options = { ...this.#options, ...changes }
    this.#visitors.configure(this.#options.visitors)
    for (const { ring } of [this.#ip4, this.#ip6]) ring.configure(this.#options)
  }

  /** The nodes of a family, and how many visitors wait: for those who show, save and share them. */
  ring(ipSize: 4 | 16): NodeRing {
    return this.#familyOf(ipSize).ring
  }

  waiting(ipSize: 4 | 16): number {
    return this.#familyOf(ipSize).queue.count
  }

  step(nowMs: Millis, input: BootstrapInput): void {
    if (input.kind === 'wake') this.#sendPings(nowMs)
    else this.#stepDatagram(nowMs, input.from, input.bytes, input.socket ?? 0)
  }

  drain(): BootstrapSend[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /**
   * Takes a datagram and writes the answer, if there is one, into `slot`: the same as `step` and `drain`
   * without anything made for it.
   *
   * @returns whether there is an answer, to be sent to where the datagram came from.
   */
  answer(nowMs: Millis, datagram: Datagram, slot: AnswerSlot): boolean {
    const { counters } = this
    counters.receivedBytes += datagram.end - datagram.start
    if (!this.#isSourceGood(datagram)) return this.#reject('source')
    const scan = this.#scan
    if (!scan.scan(datagram.bytes, datagram.start, datagram.end)) return this.#reject('malformed')
    if (scan.kind === 'response') {
      this.#takePong(nowMs, datagram)
      return false
    }
    if (scan.kind !== 'query') return this.#reject(scan.kind === 'error' ? 'unasked' : 'malformed')
    if (scan.transactionSize === 0) return this.#reject('no-transaction')
    if (!this.#visitors.allows(nowMs, this.#placeOf(datagram))) return this.#reject('rate')
    if (!this.#writeAnswer(nowMs, datagram, slot)) return this.#reject('amplification')
    counters.answeredBytes += slot.end - slot.start
    return true
  }

  /** Takes in a node that answered another server that we trust, `ageMs` ago. */
  share(nowMs: Millis, node: Endpoint, id: Uint8Array, ageMs: Millis): Verdict | 'refused' {
    if (!this.#isSourceGood(node) || !this.#isIdGood(id, 0, node)) return 'refused'
    const shared = { ...node, idBytes: id, idAt: 0, socket: this.#socketFor(node.ipSize) }
    const ageTicks = Math.ceil(ageMs / TICK_MS)
    const verdict = this.#familyOf(node.ipSize).ring.verify(this.#tick(nowMs), shared, ageTicks)
    this.#planWake(nowMs)
    return verdict
  }

  /** Begins to read snapshots of one family into the empty ring. After all families, call `step`. */
  restore(nowMs: Millis, ipSize: 4 | 16): Restorer {
    const { ring, queue } = this.#familyOf(ipSize)
    const now = this.#tick(nowMs)
    return new Restorer({
      ring,
      perNetworkMax: this.#options.perNetworkMax,
      now,
      socket: this.#socketFor(ipSize),
      isGood: (node, idBytes, idAt) =>
        this.#isSourceGood(node) && this.#isIdGood(idBytes, idAt, node),
      recheck: (node, socket) => queue.offer(now, node, socket),
    })
  }

  /** Rows of a snapshot, `count` from position `from` on. */
  save(nowMs: Millis, ipSize: 4 | 16, from: number, count: number): Uint8Array {
    return saveRows(this.#familyOf(ipSize).ring, this.#tick(nowMs), from, count)
  }

  #stepDatagram(nowMs: Millis, from: Address, bytes: Uint8Array, socket: number): void {
    const ipSize = from.ip.length === 4 ? 4 : 16
    const { ip, port } = from
    const datagram = {
      bytes,
      start: 0,
      end: bytes.length,
      ip,
      ipAt: 0,
      ipSize,
      port,
      socket,
    } as const
    if (!this.answer(nowMs, datagram, this.#slot)) return
    const answer = this.#slot.bytes.slice(this.#slot.start, this.#slot.end)
    this.#effects.push({ kind: 'udp-send', to: { ip: ip.slice(), port }, bytes: answer, socket })
  }

  #writeAnswer(nowMs: Millis, query: Datagram, slot: AnswerSlot): boolean {
    const scan = this.#scan
    const { counters } = this
    const method = scan.method === 'none' ? 'other' : scan.method
    counters.queries[method]++
    const id = this.#options.ids[query.socket] as Uint8Array
    const needsTarget = method !== 'ping' && method !== 'other'
    if (method === 'other' && scan.transactionSize <= TRANSACTION_ECHO_LIMIT) {
      return this.#writeError(query, slot, scan.method === 'none' ? 203 : 204)
    }
    if (
      scan.transactionSize > TRANSACTION_ECHO_LIMIT ||
      scan.idAt < 0 ||
      (needsTarget && !scan.hasTarget)
    ) {
      return this.#writeError(query, slot, 203)
    }
    this.#queue(nowMs, query)
    if (method === 'ping') {
      this.#writer.pong(slot, query, scan, id)
      if (!isModest(slot, query)) return false
    } else this.#writeNodes(nowMs, query, slot, id)
    counters.answers++
    return true
  }

  #writeError(query: Datagram, slot: AnswerSlot, code: 203 | 204): boolean {
    this.#writer.error(slot, query, this.#scan, code)
    if (!isModest(slot, query)) return false
    this.counters.rejections[code === 203 ? 'protocol' : 'method-unknown']++
    this.counters.errors++
    return true
  }

  /** @see BEP 32 for `want`: absent, it is the family of the datagram. */
  #writeNodes(nowMs: Millis, query: Datagram, slot: AnswerSlot, id: Uint8Array): void {
    const scan = this.#scan
    const own = this.#familyOf(query.ipSize)
    const wantsIp4 = scan.wantsIp4 || (!scan.wantsIp6 && query.ipSize === 4)
    const wantsIp6 = scan.wantsIp6 || (!scan.wantsIp4 && query.ipSize === 16)
    const isOrdinary = query.ipSize === 4 ? !wantsIp6 : !wantsIp4
    let shares = Number.POSITIVE_INFINITY
    if (!isOrdinary) {
      // Whoever is not in the ring may be a spoofed victim: more than the ordinary answer is not for him.
      const ordinaryBytes = own.ring.store.nodeSize * this.#options.answerSize
      const budget = own.ring.holds(query) ? NODES_LIMIT_BYTES : ordinaryBytes - SECOND_HEAD_BYTES
      shares = wantsIp4 && wantsIp6 ? budget / 2 : budget
    }
    const first = wantsIp4 ? this.#shareOf(this.#ip4, shares) : this.#shareOf(this.#ip6, shares)
    const second = wantsIp4 && wantsIp6 ? this.#shareOf(this.#ip6, shares) : undefined
    this.#writer.nodes(slot, query, scan, id, first, second)
    this.#noteHandOut(nowMs, first)
    if (second !== undefined) this.#noteHandOut(nowMs, second)
  }

  #shareOf(family: Family, bytes: number): Share {
    const { ring } = family
    const limit = Math.min(
      this.#options.answerSize,
      ring.count,
      Math.floor(bytes / ring.store.nodeSize),
    )
    return { ring, page: limit === 0 ? 0 : ring.nextPage(), limit }
  }

  #noteHandOut(nowMs: Millis, share: Share): void {
    const { counters } = this
    counters.nodesHandedOut += share.limit
    if (share.limit === 0 || (counters.answers & (AGE_SAMPLE - 1)) !== 0) return
    const tick = this.#tick(nowMs)
    const first = share.page * share.ring.store.pageSize
    for (
      let position = first;
      position < Math.min(first + share.limit, share.ring.count);
      position++
    ) {
      const ageSeconds = (share.ring.ageTicksOf(tick, position) * TICK_MS) / 1000
      let bucket = AGE_BUCKETS_SECONDS.findIndex(bound => ageSeconds <= bound)
      if (bucket < 0) bucket = AGE_BUCKETS_SECONDS.length
      counters.handOutAges[bucket] = (counters.handOutAges[bucket] as number) + 1
    }
  }

  /** A visitor whom we do not know gets his ping later. @see BEP 43: a read-only one never does. */
  #queue(nowMs: Millis, query: Datagram): void {
    if (this.#scan.isReadOnly || this.#visitors.isWaiting) return
    const { ring, queue } = this.#familyOf(query.ipSize)
    if (ring.find(query.ip, query.ipAt) >= 0) return
    const dueAt = this.#tick(nowMs + this.#options.probationMs)
    if (!queue.offer(dueAt, query, query.socket)) {
      this.counters.queueRefused++
      return
    }
    this.counters.queued++
    this.#visitors.noteWaiting(this.#options.probationMs)
    if (queue.count === 1) this.#planWake(nowMs)
  }

  #takePong(nowMs: Millis, pong: Datagram): void {
    const scan = this.#scan
    const fates = this.counters.pongs
    if (
      scan.transactionSize !== COOKIE_SIZE ||
      !this.#cookies.isGood(nowMs, pong, pong.bytes, scan.transactionAt)
    ) {
      fates['cookie-wrong']++
      return
    }
    const { ring } = this.#familyOf(pong.ipSize)
    if (scan.idAt < 0 || !this.#isIdGood(pong.bytes, scan.idAt, pong)) {
      ring.forget(pong)
      fates['id-invalid']++
      return
    }
    const { ip, ipAt, ipSize, port, socket, bytes } = pong
    const node = { ip, ipAt, ipSize, port, socket, idBytes: bytes, idAt: scan.idAt }
    const verdict = ring.verify(this.#tick(nowMs), node)
    fates[verdict]++
    if (this.onVerified !== undefined && (verdict === 'added' || verdict === 'renewed')) {
      // Told at first, and again before those who were not there then would find it too old: while the
      // waits are short one pong after another would be told for nothing.
      if (verdict === 'added' || ring.levelOf(ring.find(ip, ipAt)) >= TOLD_LEVEL) {
        this.onVerified(pong, bytes.slice(scan.idAt, scan.idAt + ID_SIZE))
      }
    }
    if (verdict === 'added' && ring.count === 1) this.#planWake(nowMs)
  }

  #sendPings(nowMs: Millis): void {
    const tick = this.#tick(nowMs)
    const { ip4, ip6 } = { ip4: this.#ip4, ip6: this.#ip6 }
    this.counters.departed += ip4.ring.expire(tick) + ip6.ring.expire(tick)
    const rechecks = ip4.ring.rechecksPerSecond + ip6.ring.rechecksPerSecond
    const waiting = ip4.queue.count + ip6.queue.count
    const rate = this.#pacer.rateFor(rechecks + (waiting * 1000) / this.#options.probationMs)
    let left = this.#pacer.take(nowMs, rate)
    while (left > 0) {
      // One of each in turn: known nodes, which may be handed out now, are never starved by newcomers.
      const before = left
      for (const family of [ip4, ip6]) {
        if (left > 0 && this.#pingKnown(nowMs, tick, family.ring)) left--
        if (left > 0 && this.#pingNewcomer(nowMs, tick, family.queue)) left--
      }
      if (left === before) break
    }
    this.#pacer.giveBack(left)
    this.#planWake(nowMs)
  }

  #pingKnown(nowMs: Millis, tick: Tick, ring: NodeRing): boolean {
    const position = ring.nextToAsk(tick)
    if (position === NONE) return false
    const { bytes } = ring.store.chunkOf(position)
    const ipAt = ring.store.offsetOf(position) + ID_SIZE
    const ipSize = ring.store.ipSize
    const portAt = ipAt + ipSize
    const port = ((bytes[portAt] as number) << 8) | (bytes[portAt + 1] as number)
    this.#ping(nowMs, { ip: bytes, ipAt, ipSize, port }, ring.socketOf(position))
    this.counters.pings.recheck++
    return true
  }

  #pingNewcomer(nowMs: Millis, tick: Tick, queue: ProbationQueue): boolean {
    if (queue.dueAtTick > tick) return false
    const visitor = queue.take()
    this.#ping(nowMs, visitor, visitor.socket)
    this.counters.pings.probation++
    return true
  }

  #ping(nowMs: Millis, to: Endpoint, socket: number): void {
    const { bytes, cookieAt } = writePing(this.#options.ids[socket] as Uint8Array)
    this.#cookies.bake(nowMs, to, bytes, cookieAt)
    const ip = to.ip.slice(to.ipAt, to.ipAt + to.ipSize)
    this.#effects.push({ kind: 'udp-send', to: { ip, port: to.port }, bytes, socket })
  }

  /** Plans the next wake: when the first of all queues is due, in bunches. */
  #planWake(nowMs: Millis): void {
    const { ring: ring4, queue: queue4 } = this.#ip4
    const { ring: ring6, queue: queue6 } = this.#ip6
    const tick = Math.min(ring4.dueAtTick, queue4.dueAtTick, ring6.dueAtTick, queue6.dueAtTick)
    if (tick === Number.POSITIVE_INFINITY) this.#wakeAtMs = tick
    else this.#wakeAtMs = Math.max(nowMs + PING_BUNCH_MS, this.#clock.momentOf(tick))
  }

  #isSourceGood(source: Endpoint): boolean {
    if (source.port === 0) return false
    const scope = ipScope(this.#ipOf(source))
    return scope === 'public' || (this.#options.isPrivateAllowed && scope !== 'never')
  }

  #isIdGood(bytes: Uint8Array, idAt: number, owner: Endpoint): boolean {
    const id = this.#ownerId
    for (let index = 0; index < ID_SIZE; index++) id[index] = bytes[idAt + index] as number
    return isIdBoundTo(id, this.#ipOf(owner))
  }

  /** An IP by itself, lent until the next call: a view would be made anew for each datagram. */
  #ipOf(owner: Endpoint): Uint8Array {
    const ip = owner.ipSize === 4 ? this.#ownerIp4 : this.#ownerIp6
    for (let index = 0; index < ip.length; index++) {
      ip[index] = owner.ip[owner.ipAt + index] as number
    }
    return ip
  }

  /** The place of a visitor in the table: of his IPv4 address, or of the /64 of his IPv6 one. */
  #placeOf(visitor: Endpoint): number {
    const { ip, ipAt } = visitor
    const first = wordAt(ip, ipAt)
    return this.#hash.place(first, visitor.ipSize === 4 ? 0 : wordAt(ip, ipAt + 4))
  }

  #socketFor(ipSize: 4 | 16): number {
    return Math.max(0, this.#options.families.indexOf(ipSize))
  }

  #familyOf(ipSize: 4 | 16): Family {
    return ipSize === 4 ? this.#ip4 : this.#ip6
  }

  #tick(nowMs: Millis): Tick {
    return this.#clock.tickAt(nowMs)
  }

  #reject(reason: Rejection): false {
    this.counters.rejections[reason]++
    return false
  }
}

function newFamily(options: BootstrapOptions, ipSize: 4 | 16, luck: Luck): Family {
  const { answerSize, nodesMax, perNetworkMax } = options
  const hash = KeyedHash.from(luck)
  return {
    ring: new NodeRing({ ipSize, answerSize, nodesMax, perNetworkMax, hash }),
    queue: new ProbationQueue(ipSize, options.waitingMax, hash),
  }
}

function isModest(slot: AnswerSlot, query: Datagram): boolean {
  return slot.end - slot.start <= (query.end - query.start) * AMPLIFICATION_MAX
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}
