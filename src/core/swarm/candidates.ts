// The addresses that a swarm knows and could dial: bounded, each at most once, those that failed later.
// An address is forgotten only for a better one, so that a flood of inventions does not push out peers
// that have given bytes.
import { type Address, formatAddress, toHex } from '../bytes/index.ts'
import type { Luck, Millis } from '../world/index.ts'
import type { PeerSource } from './words.ts'

/** Addresses kept, the connected ones counted: what the largest swarms return, at about 300 bytes each. */
export const CANDIDATES_MAX = 16_384
const BACKOFF_START_MS = 5_000
const BACKOFF_LIMIT_MS = 15 * 60_000
/** An address that failed this often in a row is forgotten when room is needed. */
const FAILURES_STALE = 3
/** An address that failed this often without ever having connected is not tried again. */
const FAILURES_MAX = 8
/** Breaches of the protocol from one IP after which it is banned: a bug hits once, an attack goes on. */
export const BREACHES_MAX = 2
/** IPs whose breaches are remembered; beyond it the oldest is forgotten. */
export const BREACHERS_MAX = 4096

export interface Candidate {
  readonly address: Address
  /** `address` as text: its key. */
  readonly key: string
  readonly source: PeerSource
  state: 'idle' | 'connected' | 'banned'
  /** Dials and connections in a row that brought nothing. */
  failures: number
  /** Not dialled before. */
  retryAtMs: Millis
  /** Bytes of verified pieces it has given, ever. */
  givenBytes: number
  /** Reset in the handshake: tried again with encryption, at once. */
  wantsEncryption: boolean
  /** Bad blocks that were surely its own. @see blame.ts */
  strikes: number
}

export class Candidates {
  readonly #byKey = new Map<string, Candidate>()
  /** Breaches of the protocol by IP, in hexadecimal, in the order of the first. */
  readonly #breaches = new Map<string, number>()
  readonly #luck: Luck
  #connected = 0
  /** No idle address may be dialled before then: spares a look at all of them after every step. */
  #nobodyBeforeMs: Millis = 0

  constructor(luck: Luck) {
    this.#luck = luck
  }

  /** Addresses known, in whatever state. */
  get size(): number {
    return this.#byKey.size
  }

  /** Addresses known and neither connected nor banned. */
  get idleCount(): number {
    let idle = 0
    for (const candidate of this.#byKey.values()) {
      if (candidate.state === 'idle' && candidate.failures < FAILURES_MAX) idle++
    }
    return idle
  }

  get connectedCount(): number {
    return this.#connected
  }

  find(address: Address): Candidate | undefined {
    return this.#byKey.get(formatAddress(address))
  }

  /** @returns the record of `address`, new or old; `undefined` where its IP is banned, or there is no room. */
  add(address: Address, source: PeerSource): Candidate | undefined {
    const key = formatAddress(address)
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    if (this.#isBannedIp(address)) return undefined
    if (this.#byKey.size >= CANDIDATES_MAX && !this.#makeRoom()) return undefined
    const candidate: Candidate = {
      address,
      key,
      source,
      state: 'idle',
      failures: 0,
      retryAtMs: 0,
      givenBytes: 0,
      wantsEncryption: false,
      strikes: 0,
    }
    this.#byKey.set(key, candidate)
    this.#nobodyBeforeMs = 0
    return candidate
  }

  /** The best address to dial now: what the user gave, then what has given most, then the least failed. */
  next(nowMs: Millis): Candidate | undefined {
    if (nowMs < this.#nobodyBeforeMs) return undefined
    let best: Candidate | undefined
    for (const candidate of this.#byKey.values()) {
      if (candidate.state !== 'idle' || candidate.retryAtMs > nowMs) continue
      if (candidate.failures >= FAILURES_MAX && candidate.source !== 'given') continue
      if (best === undefined || this.#isBetter(candidate, best)) best = candidate
    }
    if (best === undefined) this.#nobodyBeforeMs = this.nextRetryMs()
    return best
  }

  /** When the next idle address may be dialled; `Infinity` when there is none. */
  nextRetryMs(): Millis {
    let nextMs = Number.POSITIVE_INFINITY
    for (const candidate of this.#byKey.values()) {
      if (candidate.state !== 'idle' || candidate.retryAtMs >= nextMs) continue
      if (candidate.failures >= FAILURES_MAX && candidate.source !== 'given') continue
      nextMs = candidate.retryAtMs
    }
    return nextMs
  }

  connected(candidate: Candidate): void {
    candidate.state = 'connected'
    this.#connected++
  }

  /** @param wasUseful it gave bytes, or is worth asking again soon. */
  disconnected(nowMs: Millis, candidate: Candidate, wasUseful: boolean): void {
    this.#connected--
    if (candidate.state === 'banned') return
    if (this.#isBannedIp(candidate.address)) {
      candidate.state = 'banned'
      return
    }
    candidate.state = 'idle'
    candidate.failures = wasUseful ? 0 : candidate.failures + 1
    const backoffMs = Math.min(BACKOFF_LIMIT_MS, BACKOFF_START_MS * 2 ** candidate.failures)
    candidate.retryAtMs = nowMs + backoffMs / 2 + this.#luck.below(Math.ceil(backoffMs / 2))
    this.#nobodyBeforeMs = Math.min(this.#nobodyBeforeMs, candidate.retryAtMs)
  }

  /** Makes `candidate` the next to be dialled, in another way than before. */
  retryAtOnce(nowMs: Millis, candidate: Candidate): void {
    if (candidate.state !== 'idle') return
    candidate.retryAtMs = nowMs
    this.#nobodyBeforeMs = 0
  }

  ban(candidate: Candidate): void {
    candidate.state = 'banned'
  }

  /**
   * The peer broke the protocol.
   *
   * @returns whether its IP is banned for that: other ports of it are neither dialled nor let in any more.
   */
  noteBreach({ address }: Candidate): boolean {
    const ip = toHex(address.ip)
    const count = (this.#breaches.get(ip) ?? 0) + 1
    this.#breaches.set(ip, count)
    if (this.#breaches.size > BREACHERS_MAX) {
      this.#breaches.delete(this.#breaches.keys().next().value as string)
    }
    if (count < BREACHES_MAX) return false
    for (const other of this.#byKey.values()) {
      if (other.state === 'idle' && toHex(other.address.ip) === ip) other.state = 'banned'
    }
    return true
  }

  #isBannedIp({ ip }: Address): boolean {
    return this.#breaches.size > 0 && (this.#breaches.get(toHex(ip)) ?? 0) >= BREACHES_MAX
  }

  #isBetter(a: Candidate, b: Candidate): boolean {
    if ((a.source === 'given') !== (b.source === 'given')) return a.source === 'given'
    if (a.givenBytes !== b.givenBytes) return a.givenBytes > b.givenBytes
    return a.failures < b.failures
  }

  #makeRoom(): boolean {
    for (const candidate of this.#byKey.values()) {
      if (candidate.state === 'idle' && candidate.failures >= FAILURES_STALE) {
        this.#byKey.delete(candidate.key)
        return true
      }
    }
    return false
  }
}
