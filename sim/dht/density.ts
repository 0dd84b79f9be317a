// A network of any size up to 10^7 nodes as a density model: ids lie evenly in the key space, and what a node
// knows is worked out when it is asked: eight nodes, the same each time, of every part of the space that a
// Kademlia table divides. Addresses are private ones (10.0.0.0/8), so that every id is valid.
import type { Address } from '../../src/core/bytes/index.ts'
import type { LookupWay } from '../../src/core/dht/index.ts'
import type { LookupDoneNotice } from '../../src/core/dht/words.ts'
import {
  decodeKrpc,
  encodeKrpc,
  type KrpcResponse,
  packContacts,
} from '../../src/core/wire/index.ts'
import { MachineNode } from './machine-node.ts'
import { DatagramNetwork } from './network.ts'

const ID_BITS = 48

const K = 8
const PORT = 6881
const ROUTER = { ip: Uint8Array.of(172, 16, 0, 1), port: PORT }
const PEER = { ip: Uint8Array.of(99, 9, 9, 9), port: 9 }

export interface DensityOptions {
  readonly seed: number
  readonly count: number
  readonly deadShare: number
  readonly lossShare: number
  readonly roundTripMs: readonly [number, number]
}

export class DensityNetwork {
  readonly network: DatagramNetwork
  /** The leading 48 bits of every id, ascending. */
  readonly #ids: Float64Array
  readonly #options: DensityOptions
  #wanted: Uint8Array = new Uint8Array(20)
  #holders = new Set<number>()
  /** Nodes that saw the wanted infohash itself. */
  #told = new Set<number>()
  #clients = 0

  constructor(options: DensityOptions) {
    this.#options = options
    this.network = new DatagramNetwork(options.seed, options.lossShare)
    const { luck } = this.network
    this.#ids = Float64Array.from(
      { length: options.count },
      () => Math.floor(luck.fraction() * 2 ** 32) * 65_536 + luck.below(65_536),
    )
    this.#ids.sort()
    const [low, high] = options.roundTripMs
    this.network.lodger = ({ ip }) => {
      if (ip[0] !== 10) return undefined
      const index = ((ip[1] as number) << 16) | ((ip[2] as number) << 8) | (ip[3] as number)
      if (index >= options.count || this.#isDead(index)) return undefined
      const oneWayMs = (low + (high - low) * hashed(index, 2)) / 2
      const receive = (_nowMs: number, from: Address, bytes: Uint8Array) =>
        this.#answer(index, from, bytes)
      return { resident: { receive }, line: { oneWayMs } }
    }
    this.network.attach(
      ROUTER,
      { receive: (_nowMs, from, bytes) => this.#introduce(from, bytes) },
      { oneWayMs: 25 },
    )
  }

  #isDead(index: number): boolean {
    return hashed(index, 1) < this.#options.deadShare
  }

  /** One lookup by a new client, or by one that has done `before` others. */
  lookUp(way: LookupWay, before: number) {
    const address = {
      ip: Uint8Array.of(172, 17, this.#clients >> 8, this.#clients++ & 255),
      port: 5,
    }
    const routers = [{ host: '172.16.0.1', port: PORT }]
    const client = new MachineNode(
      this.network,
      address,
      { oneWayMs: 5 },
      { routers, allowPrivate: true },
    )
    let result = this.#lookUpOnce(client, way, 1)
    for (let task = 2; task <= before + 1; task++) result = this.#lookUpOnce(client, way, task)
    client.turnOff()
    return result
  }

  #lookUpOnce(client: MachineNode, way: LookupWay, task: number) {
    const { network } = this
    this.#wanted = network.luck.bytes(20)
    this.#holders = new Set(this.#nearestLive(leading(this.#wanted)))
    this.#told = new Set()
    const startMs = network.nowMs
    const seen = client.notices.length
    client.command({ kind: 'lookup', task, infohash: this.#wanted, way })
    const isDone = () =>
      client.notices.length > seen && client.notices.at(-1)?.notice.kind === 'lookup-done'
    network.run(startMs + 120_000, isDone)
    const notices = client.notices.slice(seen)
    const first = notices.find(({ notice }) => notice.kind === 'peers')
    const last = notices.at(-1)?.notice as LookupDoneNotice
    const doneMs = (notices.at(-1)?.atMs ?? Number.NaN) - startMs
    const firstMs = first === undefined ? undefined : first.atMs - startMs
    return { firstMs, doneMs, queries: last.queries, told: this.#told.size, candidates: [] }
  }

  #introduce(from: Address, bytes: Uint8Array): void {
    const { luck } = this.network
    const some = Array.from({ length: 16 }, () => luck.below(this.#options.count))
    this.#reply(ROUTER, luck.bytes(20), from, bytes, some)
  }

  #answer(index: number, from: Address, bytes: Uint8Array): void {
    const query = decodeKrpc(bytes)
    if (query.kind !== 'query') return
    const key = query.method === 'get_peers' ? query.infohash : undefined
    const known = key === undefined ? [] : this.#known(index, leading(key))
    const isWanted = key?.every((byte, at) => byte === this.#wanted[at]) === true
    if (isWanted) this.#told.add(index)
    const peers = isWanted && this.#holders.has(index) ? [PEER] : undefined
    this.#reply(this.#addressOf(index), this.#idOf(index), from, bytes, known, peers)
  }

  #reply(
    self: Address,
    id: Uint8Array,
    from: Address,
    bytes: Uint8Array,
    nodes: readonly number[],
    peers?: Address[],
  ): void {
    const transaction = decodeKrpc(bytes).transaction.slice()
    const contacts = nodes.map(index => ({
      id: this.#idOf(index),
      address: this.#addressOf(index),
    }))
    const base: KrpcResponse = {
      kind: 'response',
      transaction,
      id,
      ip: from,
      nodes: packContacts(contacts, 4),
    }
    const answer = peers === undefined ? base : { ...base, peers }
    this.network.send(self, from, encodeKrpc(answer))
  }

  /** The eight nearest to `target` that node `index` knows. */
  #known(index: number, target: number): number[] {
    const own = this.#ids[index] as number
    const found: number[] = []
    // From the part of the space that differs from us where the target does, to those nearer to us.
    for (let bits = shared(own, target); bits < ID_BITS && found.length < 4 * K; bits++) {
      const width = 2 ** (ID_BITS - bits - 1)
      const start = Math.floor(own / width) * width
      const other = start + (Math.floor(own / width) % 2 === 0 ? width : -width)
      const [from, to] = [this.#lowerBound(other), this.#lowerBound(other + width)]
      for (let place = 0; place < Math.min(K, to - from); place++) {
        const at =
          to - from <= K ? place : Math.floor(hashed(index * 64 + bits, 3 + place) * (to - from))
        found.push(from + at)
      }
      if (to - from > K && bits === shared(own, target)) break
    }
    return [...new Set(found)]
      .sort((a, b) => distance(this.#ids[a], target) - distance(this.#ids[b], target))
      .slice(0, K)
  }

  #nearestLive(target: number): number[] {
    for (
      let bits = Math.max(0, Math.floor(Math.log2(this.#options.count)) - 6);
      bits >= 0;
      bits--
    ) {
      const width = 2 ** (ID_BITS - bits)
      const start = Math.floor(target / width) * width
      const live: number[] = []
      for (let at = this.#lowerBound(start); at < this.#lowerBound(start + width); at++)
        if (!this.#isDead(at)) live.push(at)
      if (live.length >= K)
        return live
          .sort((a, b) => distance(this.#ids[a], target) - distance(this.#ids[b], target))
          .slice(0, K)
    }
    return []
  }

  #lowerBound(id: number): number {
    let low = 0
    let high = this.#ids.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ids[middle] as number) < id) low = middle + 1
      else high = middle
    }
    return low
  }

  #addressOf(index: number): Address {
    return { ip: Uint8Array.of(10, index >> 16, (index >> 8) & 255, index & 255), port: PORT }
  }

  #idOf(index: number): Uint8Array {
    const id = new Uint8Array(20)
    let rest = this.#ids[index] as number
    for (let at = 5; at >= 0; at--) {
      id[at] = rest % 256
      rest = Math.floor(rest / 256)
    }
    return id
  }
}

function leading(key: Uint8Array): number {
  let value = 0
  for (let at = 0; at < 6; at++) value = value * 256 + (key[at] as number)
  return value
}

function distance(a: number | undefined, b: number): number {
  const [x, y] = [a ?? 0, b]
  const high = ((x / 0x1000000) ^ (y / 0x1000000)) >>> 0
  return high * 0x1000000 + (((x % 0x1000000) ^ (y % 0x1000000)) >>> 0)
}

function shared(a: number, b: number): number {
  const apart = distance(a, b)
  return apart === 0 ? ID_BITS : ID_BITS - 1 - Math.floor(Math.log2(apart))
}

/** A number of its own for each pair, 0 to 1. */
function hashed(index: number, salt: number): number {
  let mixed = Math.imul(index ^ (index >>> 15) ^ Math.imul(salt, 0x9e3779b9), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
}
