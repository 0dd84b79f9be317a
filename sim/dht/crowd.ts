// A crowd of plain nodes, all in one object: ids, round trips and Kademlia tables as a grown network has
// them, of which a share is dead while others still name it. They answer honestly and remember who asked
// for what, so that a scenario can say what each of them has learnt.
import { type Address, toHex } from '../../src/core/bytes/index.ts'
import { nodeIdFor } from '../../src/core/dht/index.ts'
import {
  decodeKrpc,
  encodeKrpc,
  type KrpcResponse,
  packContacts,
} from '../../src/core/wire/index.ts'
import type { Millis } from '../../src/core/world/index.ts'
import type { SeededLuck } from '../random.ts'
import type { DatagramNetwork, Resident } from './network.ts'

export interface CrowdOptions {
  readonly count: number
  /** Of all; they are in the others' tables and answer nobody. */
  readonly deadShare: number
  /** Of all; their ids fit their IP (BEP 42). */
  readonly validShare: number
  /** Of all; they answer in the way of `malice`. */
  readonly badShare?: number
  readonly malice?: Malice
  /** Round trip as seen from a host next door, drawn evenly. */
  readonly roundTripMs: readonly [number, number]
}

/**
 * How a bad node answers: `shifting` under an id next to the target; `laddering` with made-up nodes nearer
 * than itself and none that exist; `hiding` honestly, but never with peers.
 */
export type Malice = 'shifting' | 'laddering' | 'hiding'

export interface CrowdNode {
  readonly id: Uint8Array
  readonly address: Address
  readonly isDead: boolean
  readonly malice: Malice | undefined
  readonly table: readonly CrowdNode[]
}

const K = 8
/** With 10,000 nodes the nearest shares 13 bits with a target: a sybil shares one more. */
const SYBIL_BITS = 14
const PEERS_PER_SWARM = 5
const PORT = 6881

export class Crowd implements Resident {
  readonly nodes: readonly (CrowdNode & { table: CrowdNode[] })[]
  /** Every key that the node at an index was asked for. */
  readonly asked = new Map<CrowdNode, Set<string>>()
  readonly #network: DatagramNetwork
  readonly #byIp = new Map<number, CrowdNode>()
  readonly #closestLive = new Map<string, ReadonlySet<CrowdNode>>()

  constructor(network: DatagramNetwork, options: CrowdOptions) {
    this.#network = network
    const luck = network.luck.fork()
    this.nodes = Array.from({ length: options.count }, () => this.#newNode(luck, options))
    fillTables(this.nodes, luck)
  }

  #newNode(luck: SeededLuck, options: CrowdOptions): CrowdNode & { table: CrowdNode[] } {
    const ip = this.#freeIp(luck)
    const id = luck.chance(options.validShare)
      ? nodeIdFor(ip, luck.below(256), luck)
      : luck.bytes(20)
    const address = { ip, port: PORT }
    const isDead = luck.chance(options.deadShare)
    const isBad = luck.chance(options.badShare ?? 0)
    const malice = isBad ? options.malice : undefined
    const node = { id, address, isDead, malice, table: [] }
    this.#byIp.set(ipNumber(ip), node)
    const [low, high] = options.roundTripMs
    if (!isDead)
      this.#network.attach(address, new Seat(this, node), { oneWayMs: luck.between(low, high) / 2 })
    return node
  }

  /** One node a /24, spread over the public ranges. */
  #freeIp(luck: SeededLuck): Uint8Array {
    for (;;) {
      const ip = Uint8Array.of(
        20 + luck.below(60),
        luck.below(256),
        luck.below(256),
        1 + luck.below(250),
      )
      if (!this.#byIp.has(ipNumber(ip))) return ip
    }
  }

  /** Some live nodes, as a bootstrap server hands them out. */
  someLive(count: number): CrowdNode[] {
    const found: CrowdNode[] = []
    while (found.length < count) {
      const node = this.nodes[this.#network.luck.below(this.nodes.length)] as CrowdNode
      if (!node.isDead) found.push(node)
    }
    return found
  }

  /** The live nodes nearest to `target`: they have its peers. */
  closestLive(target: Uint8Array): ReadonlySet<CrowdNode> {
    const name = toHex(target)
    const known = this.#closestLive.get(name)
    if (known !== undefined) return known
    const live = this.nodes.filter(node => !node.isDead && node.malice === undefined)
    const closest = new Set(nearest(live, target, K))
    this.#closestLive.set(name, closest)
    return closest
  }

  receive(): void {
    throw new Error('a crowd hears through the seats of its nodes')
  }

  answer(node: CrowdNode, from: Address, bytes: Uint8Array): void {
    const query = decodeKrpc(bytes)
    if (query.kind !== 'query') return
    const transaction = query.transaction.slice()
    let response: KrpcResponse = { kind: 'response', transaction, id: node.id, ip: from }
    const key =
      query.method === 'get_peers'
        ? query.infohash
        : query.method === 'find_node'
          ? query.target
          : undefined
    if (key !== undefined) {
      const target = key.slice()
      if (query.method === 'get_peers') this.#note(node, target)
      response = { ...response, ...this.#nodesFor(node, target) }
      if (query.method === 'get_peers') {
        response = { ...response, token: Uint8Array.of(1, 2, 3, 4) }
        // Decoys are asked for as well; only real infohashes have peers, and `isReal` knows them.
        if (this.realInfohashes.has(toHex(target)) && this.closestLive(target).has(node)) {
          response = { ...response, peers: peersOf(target) }
        }
      }
    }
    this.#network.send(node.address, from, encodeKrpc(response))
  }

  #nodesFor(node: CrowdNode, target: Uint8Array): { id?: Uint8Array; nodes: Uint8Array } {
    const { luck } = this.#network
    const honest = packContacts(nearest(node.table, target, K), 4)
    if (node.malice === 'shifting') {
      const id = target.slice()
      id[19] = luck.below(256)
      return { id, nodes: honest }
    }
    if (node.malice !== 'laddering') return { nodes: honest }
    const rungs = Array.from({ length: K }, () => {
      const id = target.slice()
      id.set(luck.bytes(14), 6)
      const ip = Uint8Array.of(90, luck.below(256), luck.below(256), luck.below(256))
      return { id, address: { ip, port: PORT } }
    })
    return { nodes: packContacts(rungs, 4) }
  }

  /**
   * Puts `count` nodes next to `target`, nearer than the honest ones and with ids that fit their IPs, into
   * the tables of all others: they hold their share of the bucket in which the target lies.
   */
  addSybils(target: Uint8Array, count: number): void {
    const luck = this.#network.luck
    const sybils: CrowdNode[] = []
    while (sybils.length < count) {
      const ip = this.#freeIp(luck)
      const id = nodeIdFor(ip, luck.below(256), luck)
      // Who owns many addresses finds some whose 21 bound bits begin as the target does, and chooses the rest.
      if (sharedBits(id, target) < SYBIL_BITS) continue
      const address = { ip, port: PORT }
      const node = { id, address, isDead: false, malice: 'hiding', table: sybils } as const
      sybils.push(node)
      this.#byIp.set(ipNumber(ip), node)
      this.#network.attach(address, new Seat(this, node), { oneWayMs: luck.between(10, 75) })
    }
    for (const node of this.nodes) crowdIn(node, target, sybils, this.nodes.length, luck)
  }

  /** Infohashes that have peers. */
  readonly realInfohashes = new Set<string>()

  /** Whoever counts memory does not want the crowd's notes of past lookups. */
  forgetInfohashes(): void {
    this.realInfohashes.clear()
    this.#closestLive.clear()
    this.asked.clear()
  }

  #note(node: CrowdNode, target: Uint8Array): void {
    const keys = this.asked.get(node)
    if (keys === undefined) this.asked.set(node, new Set([toHex(target)]))
    else keys.add(toHex(target))
  }
}

class Seat implements Resident {
  readonly #crowd: Crowd
  readonly #node: CrowdNode

  constructor(crowd: Crowd, node: CrowdNode) {
    this.#crowd = crowd
    this.#node = node
  }

  receive(_nowMs: Millis, from: Address, bytes: Uint8Array): void {
    this.#crowd.answer(this.#node, from, bytes)
  }
}

/** A bootstrap server that hands out live nodes. */
export class RouterSeat implements Resident {
  readonly #network: DatagramNetwork
  readonly #crowd: Crowd
  readonly #address: Address
  readonly #id: Uint8Array

  constructor(network: DatagramNetwork, crowd: Crowd, address: Address) {
    this.#network = network
    this.#crowd = crowd
    this.#address = address
    this.#id = network.luck.bytes(20)
    network.attach(address, this, { oneWayMs: 25 })
  }

  receive(_nowMs: Millis, from: Address, bytes: Uint8Array): void {
    const query = decodeKrpc(bytes)
    if (query.kind !== 'query') return
    const transaction = query.transaction.slice()
    const nodes = packContacts(this.#crowd.someLive(16), 4)
    const response = { kind: 'response', transaction, id: this.#id, ip: from, nodes } as const
    this.#network.send(this.#address, from, encodeKrpc(response))
  }
}

function peersOf(target: Uint8Array): Address[] {
  return Array.from({ length: PEERS_PER_SWARM }, (_, index) => ({
    ip: Uint8Array.of(99, target[0] as number, target[1] as number, index + 1),
    port: 6881,
  }))
}

/** The `count` of `nodes` nearest to `target`, nearest first. */
function nearest(nodes: readonly CrowdNode[], target: Uint8Array, count: number): CrowdNode[] {
  const found: CrowdNode[] = []
  for (const node of nodes) {
    let index = found.length
    while (index > 0 && isNearer(target, node.id, (found[index - 1] as CrowdNode).id)) index--
    if (index >= count) continue
    found.splice(index, 0, node)
    if (found.length > count) found.length = count
  }
  return found
}

function sharedBits(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < 20; index++) {
    const difference = (a[index] as number) ^ (b[index] as number)
    if (difference !== 0) return index * 8 + Math.clz32(difference) - 24
  }
  return 160
}

function isNearer(target: Uint8Array, a: Uint8Array, b: Uint8Array): boolean {
  for (let index = 0; index < 20; index++) {
    const x = a[index] as number
    const y = b[index] as number
    if (x !== y) return (x ^ (target[index] as number)) < (y ^ (target[index] as number))
  }
  return false
}

/** Gives `sybils` the places in one bucket of `node` that their number among its population earns them. */
function crowdIn(
  node: { readonly id: Uint8Array; table: CrowdNode[] },
  target: Uint8Array,
  sybils: readonly CrowdNode[],
  networkSize: number,
  luck: SeededLuck,
): void {
  const bucket = sharedBits(node.id, target)
  const isInBucket = ({ id }: CrowdNode) => sharedBits(node.id, id) === bucket
  const honest = node.table.filter(isInBucket)
  const others = node.table.filter(each => !isInBucket(each))
  const near = sybils.filter(isInBucket)
  const population = Math.max(honest.length, networkSize / 2 ** (bucket + 1))
  const share = near.length / (population + near.length)
  const places = Math.min(K, honest.length + near.length)
  let taken = Math.max(0, places - honest.length)
  for (let place = taken; place < places; place++) if (luck.chance(share)) taken++
  const chosen = drawFrom(near, Math.min(taken, near.length), luck)
  node.table = [...others, ...chosen, ...drawFrom(honest, places - chosen.length, luck)]
}

function drawFrom(nodes: readonly CrowdNode[], count: number, luck: SeededLuck): CrowdNode[] {
  const left = [...nodes]
  const drawn: CrowdNode[] = []
  while (drawn.length < count && left.length > 0) {
    drawn.push(...left.splice(luck.below(left.length), 1))
  }
  return drawn
}

/** Up to eight random nodes in every bucket. */
function fillTables(
  nodes: readonly (CrowdNode & { table: CrowdNode[] })[],
  luck: SeededLuck,
): void {
  const sorted = [...nodes].sort((a, b) => Buffer.compare(a.id, b.id))
  for (const node of nodes) {
    let low = 0
    let high = sorted.length
    for (let bit = 0; bit < 160 && high - low > 1; bit++) {
      const middle = firstWithBit(sorted, low, high, bit)
      const isOne = ((node.id[bit >> 3] as number) & (0x80 >> (bit & 7))) !== 0
      const [from, to] = isOne ? [low, middle] : [middle, high]
      pick(sorted, from, to, node.table, luck)
      if (isOne) low = middle
      else high = middle
    }
  }
}

function firstWithBit(sorted: readonly CrowdNode[], from: number, to: number, bit: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    const id = (sorted[middle] as CrowdNode).id
    if (((id[bit >> 3] as number) & (0x80 >> (bit & 7))) !== 0) high = middle
    else low = middle + 1
  }
  return low
}

function pick(
  sorted: readonly CrowdNode[],
  from: number,
  to: number,
  into: CrowdNode[],
  luck: SeededLuck,
): void {
  const size = to - from
  if (size <= K) {
    for (let index = from; index < to; index++) into.push(sorted[index] as CrowdNode)
    return
  }
  const taken = new Set<number>()
  while (taken.size < K) taken.add(from + luck.below(size))
  for (const index of taken) into.push(sorted[index] as CrowdNode)
}

function ipNumber(ip: Uint8Array): number {
  const [a, b, c, d] = ip as unknown as [number, number, number, number]
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}
