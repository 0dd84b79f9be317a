// Lookups of one client after another in a crowd, and what each node of the crowd has learnt from them.
import { fromHex, toHex } from '../../src/core/bytes/index.ts'
import type { LookupDoneNotice, LookupWay } from '../../src/core/dht/index.ts'
import { encodeKrpc } from '../../src/core/wire/index.ts'
import type { Millis } from '../../src/core/world/index.ts'
import { Crowd, type CrowdNode, type CrowdOptions, RouterSeat } from './crowd.ts'
import { MachineNode } from './machine-node.ts'
import { DatagramNetwork } from './network.ts'

/** Torrents in the wild, of which a decoy must leave many possible. @see privacy.md */
const TORRENTS = 3e7
/** What an indexer that knows how decoys are made learns at most from one. */
const DECOY_BITS_MAX = 16
const ROUTER = { ip: Uint8Array.of(12, 1, 1, 1), port: 6881 }
const LOOKUP_LIMIT_MS = 60_000

export interface LookupsOptions extends CrowdOptions {
  readonly seed: number
  readonly lossShare: number
  readonly lookups: number
  readonly way: LookupWay
  /** `cold`: knows nothing but a router. `saved`: has the file of an earlier session. */
  readonly start: 'cold' | 'saved'
  /** Bad nodes next to each infohash, nearer than any good one. */
  readonly sybils?: number
  /** Forged answers that reach the client while it looks, from addresses of the crowd. */
  readonly forgeries?: number
}

export interface LookupResult {
  /** `undefined` where no peer was found. */
  readonly firstMs: Millis | undefined
  readonly doneMs: Millis
  readonly queries: number
  /** Nodes of the crowd that saw the infohash itself. */
  readonly told: number
  /** For each node that saw only decoys: how many torrents it could have been. */
  readonly candidates: readonly number[]
}

export class LookupScene {
  readonly network: DatagramNetwork
  readonly crowd: Crowd
  #clients = 0

  constructor(options: LookupsOptions) {
    this.network = new DatagramNetwork(options.seed, options.lossShare)
    this.crowd = new Crowd(this.network, options)
    new RouterSeat(this.network, this.crowd, ROUTER)
  }

  newClient(saved?: Uint8Array): MachineNode {
    const index = this.#clients++
    const address = { ip: Uint8Array.of(11, 1 + (index >> 8), index & 255, 9), port: 5000 }
    const options = { routers: [{ host: '12.1.1.1', port: 6881 }] }
    const known = saved === undefined ? {} : { saved }
    return new MachineNode(this.network, address, { oneWayMs: 5 }, { ...options, ...known })
  }

  /** Sends answers with guessed transaction ids, as if nodes of the crowd did, for the next second. */
  forge(client: MachineNode, infohash: Uint8Array, count: number): void {
    const { luck, nowMs } = this.network
    for (let index = 0; index < count; index++) {
      const node = this.crowd.nodes[luck.below(this.crowd.nodes.length)] as CrowdNode
      const peers = [{ ip: Uint8Array.of(66, 6, 6, 6), port: 666 }]
      const answer = { kind: 'response', transaction: luck.bytes(4), id: node.id, peers } as const
      const bytes = encodeKrpc({ ...answer, id: infohash })
      this.network.plan(nowMs + luck.between(0, 1000), () =>
        this.network.send(node.address, client.address, bytes),
      )
    }
  }

  lookUp(client: MachineNode, infohash: Uint8Array, way: LookupWay): LookupResult {
    this.crowd.realInfohashes.add(toHex(infohash))
    for (const keys of this.crowd.asked.values()) keys.clear()
    const startMs = this.network.nowMs
    const seen = client.notices.length
    const isDone = () =>
      client.notices.length > seen && client.notices.at(-1)?.notice.kind === 'lookup-done'
    client.command({ kind: 'lookup', task: seen + 1, infohash, way })
    this.network.run(startMs + LOOKUP_LIMIT_MS, isDone)
    const notices = client.notices.slice(seen)
    const last = notices.at(-1)
    if (!isDone() || last === undefined) throw new Error('a lookup did not end')
    const first = notices.find(({ notice }) => notice.kind === 'peers')
    if (first?.notice.kind === 'peers' && first.notice.peers[0]?.ip[0] === 66) {
      throw new Error('a forged answer was believed')
    }
    return {
      firstMs: first === undefined ? undefined : first.atMs - startMs,
      doneMs: last.atMs - startMs,
      queries: (last.notice as LookupDoneNotice).queries,
      ...this.#learnt(infohash),
    }
  }

  #learnt(infohash: Uint8Array): { told: number; candidates: number[] } {
    const name = toHex(infohash)
    let told = 0
    const candidates: number[] = []
    for (const keys of this.crowd.asked.values()) {
      if (keys.has(name)) told++
      else if (keys.size > 0) {
        const bits = Math.max(...[...keys].map(key => sharedPrefix(key, infohash)))
        candidates.push(TORRENTS / 2 ** Math.min(bits, DECOY_BITS_MAX))
      }
    }
    return { told, candidates }
  }
}

/** Runs `options.lookups` lookups of as many clients. */
export function runLookups(options: LookupsOptions): LookupResult[] {
  const scene = new LookupScene(options)
  const { luck } = scene.network
  let saved: Uint8Array | undefined
  if (options.start === 'saved') {
    const before = scene.newClient()
    for (let count = 0; count < 12; count++) scene.lookUp(before, luck.bytes(20), options.way)
    before.command({ kind: 'save-now' })
    saved = before.saved
  }
  // Sybils take long to place, so that all clients look for the one infohash that they sit around.
  const besieged = options.sybils === undefined ? undefined : luck.bytes(20)
  if (besieged !== undefined) scene.crowd.addSybils(besieged, options.sybils ?? 0)
  return Array.from({ length: options.lookups }, () => {
    const client = scene.newClient(saved)
    const infohash = besieged ?? luck.bytes(20)
    if (options.forgeries !== undefined) scene.forge(client, infohash, options.forgeries)
    const result = scene.lookUp(client, infohash, options.way)
    // What is still on its way must not be counted with the next lookup.
    scene.network.run(scene.network.nowMs + 2000)
    client.turnOff()
    return result
  })
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number
}

export interface Summary {
  readonly firstMs: number
  readonly first95Ms: number
  readonly doneMs: number
  readonly done95Ms: number
  readonly queries: number
  readonly told: number
  readonly toldMax: number
  readonly candidates: number
  readonly successShare: number
}

/** Medians (and 95th percentiles) over lookups. */
export function summarize(results: readonly LookupResult[]): Summary {
  const firsts = results.flatMap(({ firstMs }) => (firstMs === undefined ? [] : [firstMs]))
  const of = (key: 'doneMs' | 'queries' | 'told') => results.map(result => result[key])
  return {
    firstMs: Math.round(quantile(firsts, 0.5)),
    first95Ms: Math.round(quantile(firsts, 0.95)),
    doneMs: Math.round(quantile(of('doneMs'), 0.5)),
    done95Ms: Math.round(quantile(of('doneMs'), 0.95)),
    queries: quantile(of('queries'), 0.5),
    told: quantile(of('told'), 0.5),
    toldMax: quantile(of('told'), 1),
    candidates: Math.round(
      quantile(
        results.flatMap(({ candidates }) => candidates),
        0.5,
      ),
    ),
    successShare: firsts.length / results.length,
  }
}

function sharedPrefix(hex: string, key: Uint8Array): number {
  const other = fromHex(hex) as Uint8Array
  for (let index = 0; index < key.length; index++) {
    const difference = (other[index] as number) ^ (key[index] as number)
    if (difference !== 0) return index * 8 + Math.clz32(difference) - 24
  }
  return key.length * 8
}
