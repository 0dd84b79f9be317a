// The routing table of one address family: who is known to answer, sorted into buckets by the bits that
// their ids share with ours. Invariant: every entry answered a query of ours from its address, with an id
// that its IP is entitled to; one entry per machine, few per neighbourhood.
import { readUint32 } from '../bytes/index.ts'
import type { Millis } from '../world/index.ts'
import { compareDistance, isIdValidFor, sharedBits } from './id.ts'
import { endpointKey, hostKey, isLocal, networkKey, type PlaceKey } from './place.ts'
import type { Contact, Key } from './words.ts'

/** Wider buckets far from us shorten every lookup by about one hop; the last number holds for the rest. */
const BUCKET_SIZES = [64, 32, 16, 8]
const BUCKETS_MAX = 160
/** Per bucket: nodes that answered when the bucket was full, newest first. */
export const SPARES_MAX = 8
/** In the whole table, spares included, or one operator's range could fill it. See attacks.md, "crowd". */
export const NETWORK_NODES_MAX = 4
/** A node that missed this many queries in a row is forgotten. */
const MISSES_MAX = 2

/** What is known of one node. Owned and changed by the table alone. */
export interface Entry extends Contact {
  /** Smoothed round trip. */
  readonly rttMs: Millis
  readonly answeredMs: Millis
  readonly missed: number
}

interface Known {
  readonly id: Key
  readonly address: Contact['address']
  rttMs: Millis
  answeredMs: Millis
  missed: number
  isSpare: boolean
  /** The first 32 bits of its id. */
  readonly head: number
}

interface Bucket {
  readonly entries: Known[]
  readonly spares: Known[]
  /** When somebody last walked through it to find more. */
  refreshedMs: Millis
}

export class RoutingTable {
  #ownId: Key
  #buckets: Bucket[] = []
  #byHost = new Map<PlaceKey, Known>()
  #networks = new Map<PlaceKey, number>()
  #entryCount = 0

  constructor(ownId: Key) {
    this.#ownId = ownId
  }

  /** Live entries; spares do not count. */
  get size(): number {
    return this.#entryCount
  }

  get ownId(): Key {
    return this.#ownId
  }

  /** Takes a new own id (the external address changed) and sorts everyone anew. */
  rename(ownId: Key): void {
    const known = [...this.#byHost.values()]
    this.#ownId = ownId
    this.#buckets = []
    this.#byHost.clear()
    this.#networks.clear()
    this.#entryCount = 0
    for (const node of known) this.#insert({ ...node, isSpare: false })
  }

  /**
   * Takes note that `node` answered a query of ours.
   *
   * @param rttMs of this answer; `undefined` where it is not known (a node of an earlier session).
   * @returns whether the node is an entry now.
   */
  answered(node: Contact, nowMs: Millis, rttMs: Millis): boolean {
    if (!isIdValidFor(node.id, node.address.ip)) return false
    const known = this.#byHost.get(hostKey(node.address))
    if (known !== undefined) {
      if (isSameNode(known, node)) {
        known.rttMs = known.rttMs * 0.75 + rttMs * 0.25
        known.answeredMs = nowMs
        known.missed = 0
        return !known.isSpare || this.#promote(known)
      }
      // The machine answers under another port or id. While the old one is not known to be gone, it stays:
      // or a machine could wander through the table by changing its id.
      if (known.missed === 0 && endpointKey(known.address) !== endpointKey(node.address))
        return false
      this.#remove(known)
    }
    const { id, address } = node
    const head = readUint32(id, 0)
    return this.#insert({ id, address, head, rttMs, answeredMs: nowMs, missed: 0, isSpare: false })
  }

  /** Takes note that `contact` let a query of ours pass unanswered. */
  missed(contact: Contact): void {
    const known = this.#lookUp(contact)
    if (known === undefined) return
    known.missed++
    const bucket = this.#bucketOf(known.id)
    if (known.missed >= MISSES_MAX || bucket.spares.length > 0) this.#remove(known)
  }

  /** The entry or spare with this id and address. */
  find(contact: Contact): Entry | undefined {
    return this.#lookUp(contact)
  }

  #lookUp(contact: Contact): Known | undefined {
    const known = this.#byHost.get(hostKey(contact.address))
    return known !== undefined && isSameNode(known, contact) ? known : undefined
  }

  /** Whether `contact` would be an entry if it answered: its bucket has room and its machine is not known. */
  wouldTake({ id, address }: Contact): boolean {
    if (this.#byHost.has(hostKey(address)) || !isIdValidFor(id, address.ip)) return false
    const shared = sharedBits(this.#ownId, id)
    if (shared === BUCKETS_MAX) return false
    const entries = this.#buckets[shared]?.entries
    return entries === undefined || entries.length < sizeMaxOf(shared) || entries.some(hasMissed)
  }

  /** The `count` entries nearest to `target`, nearest first; those that missed a query are left out. */
  closest(target: Key, count: number): Entry[] {
    const nearest = new Nearest(target, count)
    const own = Math.min(sharedBits(this.#ownId, target), this.#buckets.length)
    // Nearest: those that share one bit more with the target than we do. Then the buckets deeper than
    // that, all alike; then the shallower ones, each farther than the one before.
    nearest.offer(this.#buckets[own]?.entries)
    if (!nearest.isFull) {
      for (let index = own + 1; index < this.#buckets.length; index++) {
        nearest.offer(this.#buckets[index]?.entries)
      }
    }
    for (let index = own - 1; index >= 0 && !nearest.isFull; index--) {
      nearest.offer(this.#buckets[index]?.entries)
    }
    return nearest.found
  }

  /** Every entry, nearest to our own id last. */
  *entries(): Generator<Entry> {
    for (const bucket of this.#buckets) yield* bucket.entries
  }

  /**
   * The entry that is to be asked whether it is still there: one that missed a query, since nobody is
   * told of it until it answers again; else the one silent for longest, if that is since `beforeMs`.
   */
  doubtful(beforeMs: Millis): Entry | undefined {
    let stalest: Entry | undefined
    for (const bucket of this.#buckets) {
      for (const entry of bucket.entries) {
        if (entry.missed > 0) return entry
        if (entry.answeredMs >= beforeMs) continue
        if (stalest === undefined || entry.answeredMs < stalest.answeredMs) stalest = entry
      }
    }
    return stalest
  }

  /** The nearest bucket that was not refreshed since `beforeMs`; it counts as refreshed now. */
  takeStaleBucket(beforeMs: Millis, nowMs: Millis): number | undefined {
    for (let index = this.#buckets.length - 1; index >= 0; index--) {
      const bucket = this.#buckets[index] as Bucket
      if (bucket.refreshedMs > beforeMs) continue
      bucket.refreshedMs = nowMs
      return index
    }
    return undefined
  }

  /** Entries in each bucket; index = bits shared with our id. */
  get bucketCounts(): number[] {
    return this.#buckets.map(bucket => bucket.entries.length)
  }

  #bucketOf(id: Key): Bucket {
    const index = Math.min(sharedBits(this.#ownId, id), BUCKETS_MAX - 1)
    while (this.#buckets.length <= index) {
      this.#buckets.push({ entries: [], spares: [], refreshedMs: Number.NEGATIVE_INFINITY })
    }
    return this.#buckets[index] as Bucket
  }

  #insert(node: Known): boolean {
    const shared = sharedBits(this.#ownId, node.id)
    if (shared === BUCKETS_MAX) return false
    const network = networkKey(node.address.ip)
    const neighbours = this.#networks.get(network) ?? 0
    if (neighbours >= NETWORK_NODES_MAX && !isLocal(node.address.ip)) return false
    const bucket = this.#bucketOf(node.id)
    const sizeMax = sizeMaxOf(shared)
    const doubtful = bucket.entries.find(hasMissed)
    if (bucket.entries.length >= sizeMax && doubtful !== undefined) this.#remove(doubtful)
    node.isSpare = bucket.entries.length >= sizeMax
    this.#byHost.set(hostKey(node.address), node)
    this.#networks.set(network, neighbours + 1)
    if (!node.isSpare) {
      bucket.entries.push(node)
      this.#entryCount++
      return true
    }
    bucket.spares.unshift(node)
    if (bucket.spares.length > SPARES_MAX) this.#remove(bucket.spares.at(-1) as Known)
    return false
  }

  #promote(spare: Known): boolean {
    const bucket = this.#bucketOf(spare.id)
    const shared = sharedBits(this.#ownId, spare.id)
    if (bucket.entries.length >= sizeMaxOf(shared)) return false
    bucket.spares.splice(bucket.spares.indexOf(spare), 1)
    spare.isSpare = false
    bucket.entries.push(spare)
    this.#entryCount++
    return true
  }

  #remove(node: Known): void {
    this.#byHost.delete(hostKey(node.address))
    const network = networkKey(node.address.ip)
    const neighbours = (this.#networks.get(network) as number) - 1
    if (neighbours === 0) this.#networks.delete(network)
    else this.#networks.set(network, neighbours)
    const bucket = this.#bucketOf(node.id)
    const list = node.isSpare ? bucket.spares : bucket.entries
    list.splice(list.indexOf(node), 1)
    if (node.isSpare) return
    this.#entryCount--
    const spare = bucket.spares[0]
    if (spare !== undefined) this.#promote(spare)
  }
}

function sizeMaxOf(bucket: number): number {
  return BUCKET_SIZES[Math.min(bucket, BUCKET_SIZES.length - 1)] as number
}

const hasMissed = (entry: Known): boolean => entry.missed > 0

/** The nearest of what is offered, kept in order: every answered query picks its nodes this way. */
class Nearest {
  readonly found: Known[] = []
  readonly #heads: number[] = []
  readonly #target: Key
  readonly #targetHead: number
  readonly #count: number

  constructor(target: Key, count: number) {
    this.#target = target
    this.#targetHead = readUint32(target, 0)
    this.#count = count
  }

  get isFull(): boolean {
    return this.found.length >= this.#count
  }

  offer(entries: readonly Known[] | undefined): void {
    if (entries === undefined) return
    for (const entry of entries) if (entry.missed === 0) this.#insert(entry)
  }

  /** The first 32 bits decide almost always; the others where these are equal. */
  #insert(entry: Known): void {
    const head = (entry.head ^ this.#targetHead) >>> 0
    const heads = this.#heads
    let index = heads.length
    while (index > 0 && this.#isNearer(entry, head, index - 1)) index--
    if (index >= this.#count) return
    heads.splice(index, 0, head)
    this.found.splice(index, 0, entry)
    if (heads.length <= this.#count) return
    heads.pop()
    this.found.pop()
  }

  #isNearer(entry: Known, head: number, than: number): boolean {
    const other = this.#heads[than] as number
    if (head !== other) return head < other
    return compareDistance(this.#target, entry.id, (this.found[than] as Known).id) < 0
  }
}

function isSameNode(a: Contact, b: Contact): boolean {
  return endpointKey(a.address) === endpointKey(b.address) && sharedBits(a.id, b.id) === 160
}
