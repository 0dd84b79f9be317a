// Peers that others announced to us: per infohash, bounded in every direction, forgotten after a while.
import { type Address, toHex } from '../bytes/index.ts'
import type { Luck, Millis } from '../world/index.ts'
import { endpointKey, hostKey, type PlaceKey } from './place.ts'
import type { Key } from './words.ts'

export const INFOHASHES_MAX = 4096
export const PEERS_PER_INFOHASH_MAX = 512
/** Of one machine, over all infohashes. */
export const ANNOUNCES_PER_HOST_MAX = 128
export const PEERS_MAX = 65_536
/** An announce is good for this long; clients repeat theirs every 15 to 30 minutes. @see BEP 5 */
export const PEER_LIFE_MS = 1_800_000
const SWEEP_PERIOD_MS = 60_000

export interface StoredPeer {
  readonly address: Address
  readonly isSeed: boolean
  readonly atMs: Millis
}

interface Swarm {
  readonly infohash: Key
  /** Oldest announce first. */
  readonly peers: Map<PlaceKey, StoredPeer>
}

export class PeerStore {
  readonly #swarms = new Map<string, Swarm>()
  readonly #perHost = new Map<PlaceKey, number>()
  #size = 0
  #sweptMs: Millis = 0

  get size(): number {
    return this.#size
  }

  get infohashCount(): number {
    return this.#swarms.size
  }

  /** @returns whether the peer is stored; not, where its machine has announced too much. */
  add(nowMs: Millis, infohash: Key, address: Address, isSeed: boolean): boolean {
    this.sweep(nowMs)
    const name = toHex(infohash)
    const swarm = this.#swarms.get(name)
    const key = endpointKey(address)
    if (swarm?.peers.has(key)) this.#remove(name, swarm, key)
    const host = hostKey(address)
    if ((this.#perHost.get(host) ?? 0) >= ANNOUNCES_PER_HOST_MAX) return false
    this.#makeRoom(name)
    const into = this.#swarms.get(name) ?? { infohash: infohash.slice(), peers: new Map() }
    this.#swarms.set(name, into)
    into.peers.set(key, { address, isSeed, atMs: nowMs })
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1)
    this.#size++
    return true
  }

  /** Up to `count` live peers of one family, drawn evenly where there are more. */
  sample(nowMs: Millis, infohash: Key, options: SampleOptions): Address[] {
    const live = this.peers(nowMs, infohash).filter(
      ({ address, isSeed }) =>
        address.ip.length === options.ipSize && !(options.isNoSeed && isSeed),
    )
    const { count, luck } = options
    for (let index = 0; index < live.length - 1 && index < count; index++) {
      const other = index + luck.below(live.length - index)
      const taken = live[other] as StoredPeer
      live[other] = live[index] as StoredPeer
      live[index] = taken
    }
    return live.slice(0, count).map(({ address }) => address)
  }

  peers(nowMs: Millis, infohash: Key): StoredPeer[] {
    const swarm = this.#swarms.get(toHex(infohash))
    if (swarm === undefined) return []
    return [...swarm.peers.values()].filter(({ atMs }) => nowMs - atMs < PEER_LIFE_MS)
  }

  /** Up to `count` infohashes, drawn evenly. */
  infohashes(count: number, luck: Luck): Key[] {
    const all = [...this.#swarms.values()].map(({ infohash }) => infohash)
    for (let index = 0; index < all.length && index < count; index++) {
      const other = index + luck.below(all.length - index)
      const taken = all[other] as Key
      all[other] = all[index] as Key
      all[index] = taken
    }
    return all.slice(0, count)
  }

  /** Forgets what has expired, at most once in a while. */
  sweep(nowMs: Millis): void {
    if (nowMs - this.#sweptMs < SWEEP_PERIOD_MS) return
    this.#sweptMs = nowMs
    for (const [name, swarm] of this.#swarms) {
      for (const [key, { atMs }] of swarm.peers) {
        if (nowMs - atMs < PEER_LIFE_MS) break
        this.#remove(name, swarm, key)
      }
    }
  }

  /**
   * The largest swarm pays for a full store, so that a flood into one infohash costs nobody else; an
   * infohash that is too many takes the place of the one with the fewest peers, the oldest of these.
   */
  #makeRoom(name: string): void {
    const swarm = this.#swarms.get(name)
    if (swarm !== undefined && swarm.peers.size >= PEERS_PER_INFOHASH_MAX) {
      this.#removeOldest(name, swarm)
    } else if (this.#size >= PEERS_MAX) {
      const [largest, of] = this.#extreme((a, b) => a > b)
      this.#removeOldest(largest, of)
    }
    if (this.#swarms.has(name) || this.#swarms.size < INFOHASHES_MAX) return
    const [smallest, of] = this.#extreme((a, b) => a < b)
    for (const key of [...of.peers.keys()]) this.#remove(smallest, of, key)
  }

  #extreme(isBetter: (a: number, b: number) => boolean): [string, Swarm] {
    let best: [string, Swarm] | undefined
    for (const entry of this.#swarms) {
      if (best === undefined || isBetter(entry[1].peers.size, best[1].peers.size)) best = entry
    }
    return best as [string, Swarm]
  }

  #removeOldest(name: string, swarm: Swarm): void {
    const [oldest] = swarm.peers.keys()
    this.#remove(name, swarm, oldest as PlaceKey)
  }

  #remove(name: string, swarm: Swarm, key: PlaceKey): void {
    const { address } = swarm.peers.get(key) as StoredPeer
    swarm.peers.delete(key)
    this.#size--
    const host = hostKey(address)
    const left = (this.#perHost.get(host) as number) - 1
    if (left === 0) this.#perHost.delete(host)
    else this.#perHost.set(host, left)
    if (swarm.peers.size === 0) this.#swarms.delete(name)
  }
}

export interface SampleOptions {
  readonly ipSize: 4 | 16
  readonly count: number
  readonly isNoSeed: boolean
  readonly luck: Luck
}
