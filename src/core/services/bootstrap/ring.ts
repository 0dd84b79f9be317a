// The nodes of one family that may be handed out: all of them answered a ping of ours lately. They lie in
// a flat array; one cursor reads it for visitors (`hand-out.ts`), another goes through it by age and says
// who must be pinged again. Whoever stays silent leaves; when the array is full the oldest makes room.
import { assert } from '../../bytes/index.ts'
import { AgeList } from './age-list.ts'
import type { Endpoint } from './cookie.ts'
import { HandOut } from './hand-out.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { NodeIndex } from './node-index.ts'
import { ID_SIZE, NONE, NodeStore } from './node-store.ts'
import {
  LEVEL_MAX,
  OVERDUE_LIMIT_TICKS,
  PINGS_IN_VAIN_MAX,
  PONG_WAIT_TICKS,
  RECHECK_TICKS,
  SHARED_LAG_LIMIT_TICKS,
  TICK_MS,
  type Tick,
} from './schedule.ts'

/** What the ring may hold. */
export interface RingLimits {
  readonly nodesMax: number
  /** Nodes that one /24 (IPv4) or /48 (IPv6) may hold. See attacks.md, "sybils". */
  readonly perNetworkMax: number
}

export interface RingOptions extends RingLimits {
  readonly ipSize: 4 | 16
  /** Nodes in an answer, 1 to 64. */
  readonly answerSize: number
  readonly hash: KeyedHash
}

/** A node as its pong showed it. */
export interface VerifiedNode extends Endpoint {
  /** Its 20-byte id is `idBytes[idAt..]`. */
  readonly idBytes: Uint8Array
  readonly idAt: number
  /** Through which of our sockets it is reached, 0–63. */
  readonly socket: number
}

export type Verdict =
  | 'added'
  | 'renewed'
  /** Another port of this host is in the ring already. */
  | 'host-taken'
  | 'network-full'
  /** Shared too late to take its turn among those that are checked by age. */
  | 'stale'

const VAIN_MASK = 3

export class NodeRing {
  readonly store: NodeStore
  #limits: RingLimits
  readonly #index: NodeIndex
  readonly #handOut: HandOut
  /** Verified, by level, each in the order in which they are due for the next ping. */
  readonly #settled: readonly AgeList[]
  /** Pinged again and not heard from yet, in the order in which their time is up. */
  readonly #asked: AgeList

  constructor(options: RingOptions) {
    this.#limits = options
    this.store = new NodeStore({ ipSize: options.ipSize, pageSize: options.answerSize })
    this.#index = new NodeIndex(this.store, options.hash)
    this.#handOut = new HandOut(options.hash)
    this.#settled = RECHECK_TICKS.map(() => new AgeList(this.store))
    this.#asked = new AgeList(this.store)
  }

  get count(): number {
    return this.store.count
  }

  /** Sets other limits; what is above them leaves with the next `expire`, oldest first. */
  configure({ nodesMax, perNetworkMax }: RingLimits): void {
    this.#limits = { nodesMax, perNetworkMax }
  }

  get isFull(): boolean {
    return this.count >= this.#limits.nodesMax
  }

  /** The position of the node with the host of `ip[at..]`, or -1. */
  find(ip: Uint8Array, at: number): number {
    return this.#index.find(ip, at)
  }

  /** Whether exactly this endpoint answered us lately. */
  holds(endpoint: Endpoint): boolean {
    const position = this.#index.find(endpoint.ip, endpoint.ipAt)
    return position >= 0 && this.#portOf(position) === endpoint.port
  }

  /**
   * Takes in a node that answered a ping `ageTicks` ago: ours, or one of a server that we trust.
   * A node that is here already is renewed, with the id that it has now.
   */
  verify(now: Tick, node: VerifiedNode, ageTicks = 0): Verdict {
    const known = this.#index.find(node.ip, node.ipAt)
    if (known >= 0) {
      if (this.#portOf(known) !== node.port) return 'host-taken'
      if (ageTicks === 0) this.#renew(now, known, node)
      return 'renewed'
    }
    const level = RECHECK_TICKS.findIndex(wait => wait >= ageTicks)
    const checkAt = level < 0 ? undefined : this.#turnFor(now - ageTicks, level)
    if (checkAt === undefined) return 'stale'
    if (this.#index.countNetwork(node.ip, node.ipAt) >= this.#limits.perNetworkMax) {
      return 'network-full'
    }
    if (this.isFull) this.#remove(this.#oldest())
    const position = this.#openPosition()
    this.#write(position, node, checkAt, level)
    this.settle(position)
    return 'added'
  }

  /** Takes the endpoint out of the ring, if it is there: what it says of itself is no longer true. */
  forget(endpoint: Endpoint): void {
    if (this.holds(endpoint)) this.#remove(this.#index.find(endpoint.ip, endpoint.ipAt))
  }

  /** When `nextToAsk` has something to do; `Infinity` while the ring is empty. */
  get dueAtTick(): Tick {
    let dueAt = this.#headCheckAt(this.#asked)
    for (const list of this.#settled) dueAt = Math.min(dueAt, this.#headCheckAt(list))
    return dueAt
  }

  /** Pings a second that the nodes need on average. */
  get rechecksPerSecond(): number {
    let rate = 0
    for (const [level, { count }] of this.#settled.entries()) {
      rate += count / (((RECHECK_TICKS[level] as number) * TICK_MS) / 1000)
    }
    return rate
  }

  /** Lets those go whose time is up, however many: none of them may be handed out any more. */
  expire(now: Tick): number {
    let gone = 0
    for (; this.#isOver(now, this.#asked); gone++) this.#remove(this.#asked.oldest)
    for (const list of this.#settled) {
      for (; this.#headCheckAt(list) + OVERDUE_LIMIT_TICKS < now; gone++) this.#remove(list.oldest)
    }
    for (; this.count > this.#limits.nodesMax; gone++) this.#remove(this.#oldest())
    return gone
  }

  /** The position of the next node to be pinged now, noted as asked; `NONE` where none is due. */
  nextToAsk(now: Tick): number {
    const list = this.#mostOverdue()
    const position = list.oldest
    if (this.#headCheckAt(list) > now) return NONE
    const chunk = this.store.chunkOf(position)
    const row = this.store.rowOf(position)
    if (((chunk.marks[row] as number) & VAIN_MASK) >= PINGS_IN_VAIN_MAX) return NONE
    list.remove(position)
    chunk.marks[row] = (chunk.marks[row] as number) + 1
    chunk.checkAt[row] = now + PONG_WAIT_TICKS
    this.#asked.add(position)
    return position
  }

  /** The socket through which the node at `position` is reached. */
  socketOf(position: number): number {
    return (this.store.chunkOf(position).marks[this.store.rowOf(position)] as number) >> 2
  }

  /** How long ago the node at `position` was verified: exact while settled, the longest it can be else. */
  ageTicksOf(now: Tick, position: number): number {
    const chunk = this.store.chunkOf(position)
    const row = this.store.rowOf(position)
    const vain = (chunk.marks[row] as number) & VAIN_MASK
    const wait = (RECHECK_TICKS[chunk.levels[row] as number] as number) + vain * PONG_WAIT_TICKS
    return Math.max(0, wait - ((chunk.checkAt[row] as number) - now))
  }

  /** The page that the next visitor gets; the ring is not empty. */
  nextPage(): number {
    return this.#handOut.next(Math.ceil(this.count / this.store.pageSize))
  }

  /**
   * Copies the nodes of `page` to `into[at..]`, and where the page is not full, nodes from elsewhere.
   *
   * @param limit nodes to copy at most.
   * @returns how many nodes were copied.
   */
  copyPage(page: number, into: Uint8Array, at: number, limit = this.store.pageSize): number {
    const size = this.store.pageSize
    const first = page * size
    const present = Math.min(size, this.count - first)
    if (present === size && limit === size) {
      const start = this.store.offsetOf(first)
      const { bytes } = this.store.chunkOf(first)
      into.set(bytes.subarray(start, start + size * this.store.nodeSize), at)
      return size
    }
    return this.#copySlowly(first, present, into, at, Math.min(limit, this.count))
  }

  /** Makes room for `count` nodes in the index. */
  reserve(count: number): void {
    this.#index.reserve(Math.min(count, this.#limits.nodesMax))
  }

  /** Adds a node at the end of the array, in no list yet: the caller, who reads a snapshot, settles it. */
  append(node: VerifiedNode, checkAt: Tick, level: number): void {
    this.store.push()
    this.#write(this.count - 1, node, checkAt, level)
  }

  /** Puts a node that is in no list behind those of its level that are due before it. */
  settle(position: number): void {
    this.#listOf(position).add(position)
  }

  /** How many pongs in a row, at most `LEVEL_MAX`, the node at `position` has given since its first. */
  levelOf(position: number): number {
    return this.store.chunkOf(position).levels[this.store.rowOf(position)] as number
  }

  /** How many nodes the network of `ip[at..]` holds. */
  countNetwork(ip: Uint8Array, at: number): number {
    return this.#index.countNetwork(ip, at)
  }

  #copySlowly(first: number, present: number, into: Uint8Array, at: number, limit: number): number {
    const { nodeSize, pageSize } = this.store
    // Where a part of the page is enough, luck says which, or its last nodes would be named less often.
    const skip = limit < present ? this.#handOut.below(present) : 0
    let copied = 0
    for (; copied < present && copied < limit; copied++) {
      this.#copyNode(first + ((skip + copied) % present), into, at + copied * nodeSize)
    }
    if (copied === limit) return copied
    // The nodes before this page, from a place that luck draws: each is as likely as any other.
    assert(first >= pageSize, 'a short page is the last one')
    const start = this.#handOut.below(first)
    for (let index = 0; copied < limit; index++, copied++) {
      this.#copyNode((start + index) % first, into, at + copied * nodeSize)
    }
    return copied
  }

  #copyNode(position: number, into: Uint8Array, at: number): void {
    const bytes = this.store.chunkOf(position).bytes
    const start = this.store.offsetOf(position)
    for (let index = 0; index < this.store.nodeSize; index++) {
      into[at + index] = bytes[start + index] as number
    }
  }

  /** A fresh row at a place that luck draws, or whoever arrives together would be handed out together. */
  #openPosition(): number {
    this.store.push()
    const last = this.count - 1
    const position = this.#handOut.below(this.count)
    if (position !== last) this.#relocate(position, last)
    return position
  }

  /** Writes a node into a row that was just opened, and notes it in the index. */
  #write(position: number, node: VerifiedNode, checkAt: Tick, level: number): void {
    const chunk = this.store.chunkOf(position)
    const row = this.store.rowOf(position)
    const at = this.store.offsetOf(position)
    const { bytes } = chunk
    for (let index = 0; index < ID_SIZE; index++) {
      bytes[at + index] = node.idBytes[node.idAt + index] as number
    }
    for (let index = 0; index < node.ipSize; index++) {
      bytes[at + ID_SIZE + index] = node.ip[node.ipAt + index] as number
    }
    bytes[at + ID_SIZE + node.ipSize] = node.port >> 8
    bytes[at + ID_SIZE + node.ipSize + 1] = node.port
    chunk.checkAt[row] = checkAt
    chunk.levels[row] = level
    chunk.marks[row] = node.socket << 2
    this.#index.add(position)
  }

  #renew(now: Tick, position: number, node: VerifiedNode): void {
    this.#listOf(position).remove(position)
    const chunk = this.store.chunkOf(position)
    const row = this.store.rowOf(position)
    const at = this.store.offsetOf(position)
    for (let index = 0; index < ID_SIZE; index++) {
      chunk.bytes[at + index] = node.idBytes[node.idAt + index] as number
    }
    const level = Math.min((chunk.levels[row] as number) + 1, LEVEL_MAX)
    chunk.levels[row] = level
    chunk.marks[row] = node.socket << 2
    chunk.checkAt[row] = now + (RECHECK_TICKS[level] as number)
    this.settle(position)
  }

  #remove(position: number): void {
    this.#listOf(position).remove(position)
    this.#index.remove(position)
    const last = this.count - 1
    if (position !== last) this.#relocate(last, position)
    this.store.pop()
  }

  /** Copies the row `from` to `to` with all who point at it. */
  #relocate(from: number, to: number): void {
    const list = this.#listOf(from)
    this.#index.move(from, to)
    this.store.copy(from, to)
    list.moved(to)
  }

  #listOf(position: number): AgeList {
    const chunk = this.store.chunkOf(position)
    const row = this.store.rowOf(position)
    if (((chunk.marks[row] as number) & VAIN_MASK) > 0) return this.#asked
    return this.#settled[chunk.levels[row] as number] as AgeList
  }

  /** Who makes room: one that does not answer, or else the one whose next ping is nearest. */
  #oldest(): number {
    return this.#asked.oldest === NONE ? this.#mostOverdue().oldest : this.#asked.oldest
  }

  #mostOverdue(): AgeList {
    let first = this.#asked
    for (const list of this.#settled) {
      if (this.#headCheckAt(list) < this.#headCheckAt(first)) first = list
    }
    return first
  }

  #isOver(now: Tick, asked: AgeList): boolean {
    const position = asked.oldest
    if (position === NONE || this.#headCheckAt(asked) > now) return false
    const marks = this.store.chunkOf(position).marks[this.store.rowOf(position)] as number
    return (marks & VAIN_MASK) >= PINGS_IN_VAIN_MAX
  }

  #headCheckAt(list: AgeList): Tick {
    const position = list.oldest
    if (position === NONE) return Number.POSITIVE_INFINITY
    return this.store.chunkOf(position).checkAt[this.store.rowOf(position)] as number
  }

  /** A turn for who was verified then, or soon after, so that turns never go back along a list. */
  #turnFor(verifiedAt: Tick, level: number): Tick | undefined {
    const wanted = verifiedAt + (RECHECK_TICKS[level] as number)
    const position = (this.#settled[level] as AgeList).youngest
    if (position === NONE) return wanted
    const last = this.store.chunkOf(position).checkAt[this.store.rowOf(position)] as number
    return last - wanted > SHARED_LAG_LIMIT_TICKS ? undefined : Math.max(wanted, last)
  }

  #portOf(position: number): number {
    const bytes = this.store.chunkOf(position).bytes
    const at = this.store.offsetOf(position) + ID_SIZE + this.store.ipSize
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  }
}
