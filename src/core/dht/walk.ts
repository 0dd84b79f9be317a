// One iterative search towards a target in one address family: which of the nodes heard of is asked next,
// and when the search is over. It sends nothing itself; a task asks it and tells it what happened.
import type { Address } from '../bytes/index.ts'
import { compareDistance, isIdValidFor } from './id.ts'
import { distanceShare } from './network-size.ts'
import { hostKey, isLocal, isUsable, networkKey, type PlaceKey } from './place.ts'
import type { Contact, Key } from './words.ts'

/** How many of the nearest nodes must have answered before a search ends; what Kademlia calls k. */
export const CLOSEST_COUNT = 8
/** How many where the nearest are of no use or too near: the nearest eight are among them beside 16 others. */
export const FARTHER_COUNT = 24
/** The eighth lies at 8/N of the key space; that chance puts eight within 2.5/N is a case of one in 240. */
const CROWD_FACTOR = 2.5
/** Nodes heard of and kept; the farthest are forgotten. */
export const CANDIDATES_MAX = 128
/** Taken from one answer, or one node could fill the list with inventions. See attacks.md, "flooder". */
export const NODES_PER_ANSWER_MAX = 16
/** Candidates in one /24 or /48, local networks aside. See attacks.md, "crowd". */
export const CANDIDATES_PER_NETWORK_MAX = 2
/** Queries of one search: an endless row of nearer and nearer nodes ends here. See attacks.md, "ladder". */
export const WALK_QUERIES_MAX = 160

/** The type is the diagram: fresh, asked, stalled (still expected, no longer waited for), then one end. */
export type CandidateState = 'fresh' | 'asked' | 'stalled' | 'answered' | 'dead'

export interface Candidate {
  /** As advertised until it answers, then as answered; `undefined` for a router of unknown id. */
  id: Key | undefined
  readonly address: Address
  /** Whether its IP is entitled to its id. @see BEP 42 */
  isValid: boolean
  state: CandidateState
  /** Times that it was asked. */
  asked: number
  /** Its round trip as the table knows it. */
  readonly rttMs: number | undefined
  /** What its last answer gave leave to store with. */
  token: Uint8Array | undefined
}

export interface WalkOptions {
  readonly target: Key
  readonly allowPrivate: boolean
  /** Queries under way at once; stalled ones do not count. */
  readonly inFlightMax: number
}

export class Walk {
  readonly target: Key
  readonly #options: WalkOptions
  /** Nearest first; those of unknown id are in `#routers`. */
  #candidates: Candidate[] = []
  #routers: Candidate[] = []
  readonly #hosts = new Set<PlaceKey>()
  readonly #networks = new Map<PlaceKey, number>()
  #inFlight = 0
  #queries = 0
  #isForgiving = false
  #width = CLOSEST_COUNT

  constructor(options: WalkOptions) {
    this.target = options.target
    this.#options = options
  }

  /** Adds an entrance whose id nobody has told. */
  offerRouter(address: Address): void {
    if (this.#hosts.has(hostKey(address))) return
    this.#hosts.add(hostKey(address))
    this.#routers.push(candidateOf(undefined, address, undefined))
  }

  /** Adds nodes from the table: they answered before, so their number is not limited. */
  offerKnown(contacts: readonly (Contact & { readonly rttMs: number })[]): void {
    for (const { id, address, rttMs } of contacts) this.#offer(id, address, rttMs)
  }

  /** Adds nodes that an answer named. */
  offerHeard(contacts: readonly Contact[]): void {
    const taken = Math.min(contacts.length, NODES_PER_ANSWER_MAX)
    for (const { id, address } of contacts.slice(0, taken)) this.#offer(id, address, undefined)
  }

  #offer(id: Key, address: Address, rttMs: number | undefined): void {
    const host = hostKey(address)
    if (this.#hosts.has(host) || !isUsable(address, this.#options.allowPrivate)) return
    const network = networkKey(address.ip)
    const neighbours = this.#networks.get(network) ?? 0
    if (neighbours >= CANDIDATES_PER_NETWORK_MAX && !isLocal(address.ip)) return
    const index = this.#indexFor(id)
    if (index === CANDIDATES_MAX) return
    this.#hosts.add(host)
    this.#networks.set(network, neighbours + 1)
    this.#candidates.splice(index, 0, candidateOf(id, address, rttMs))
    if (this.#candidates.length > CANDIDATES_MAX) this.#forgetFarthest()
  }

  /** Forgets the farthest candidate that is not under way; it may be heard of again. */
  #forgetFarthest(): void {
    const index = this.#candidates.findLastIndex(
      ({ state }) => state !== 'asked' && state !== 'stalled',
    )
    if (index < 0) return
    const [gone] = this.#candidates.splice(index, 1) as [Candidate]
    this.#hosts.delete(hostKey(gone.address))
    const network = networkKey(gone.address.ip)
    this.#networks.set(network, (this.#networks.get(network) as number) - 1)
  }

  #indexFor(id: Key): number {
    let low = 0
    let high = this.#candidates.length
    while (low < high) {
      const middle = (low + high) >> 1
      const at = this.#candidates[middle] as Candidate
      if (compareDistance(this.target, at.id as Key, id) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /**
   * The candidate to ask now, marked as asked; `undefined` while nobody is to be asked.
   *
   * @param width how many of the nearest are of interest: more than the search needs, and there is
   *   already an answer from the next one when one of them falls silent.
   */
  takeNext(width = 0): Candidate | undefined {
    if (this.#inFlight >= this.#options.inFlightMax || this.#queries >= WALK_QUERIES_MAX) {
      return undefined
    }
    const next = this.#nextFresh(Math.max(width, this.#width))
    if (next === undefined) return undefined
    next.state = 'asked'
    next.asked++
    this.#inFlight++
    this.#queries++
    return next
  }

  /**
   * The nearest nodes did not have what is looked for: from now on invalid ids are as good as others, and
   * more nodes have to answer, since the nearest may have been put there to hide it. See attacks.md, "sybils".
   */
  lookFarther(): void {
    this.#isForgiving = true
    this.#width = FARTHER_COUNT
  }

  /** The nearest that answered are to be asked once more: another question may bring other nodes. */
  askAgain(): void {
    const answered = this.#window(({ state }) => state === 'answered', FARTHER_COUNT)
    for (const candidate of answered) candidate.state = 'fresh'
  }

  /**
   * Looks farther where the nearest nodes lie nearer than chance puts them in a network of this size.
   *
   * @param share the share of the key space that is one node's, 1/N.
   */
  mistrustCrowd(share: number): void {
    if (this.isCrowded) return
    const nearest = this.#window(each => each.state === 'answered' && each.isValid, CLOSEST_COUNT)
    const last = nearest.at(-1)?.id
    if (nearest.length < CLOSEST_COUNT || last === undefined) return
    if (distanceShare(last, this.target) < CROWD_FACTOR * share) this.#width = FARTHER_COUNT
  }

  get isCrowded(): boolean {
    return this.#width === FARTHER_COUNT
  }

  #nextFresh(width: number): Candidate | undefined {
    const nearest = this.#window(candidate => candidate.state !== 'stalled', width)
    const fresh = nearest.find(candidate => candidate.state === 'fresh')
    return fresh ?? this.#routers.find(candidate => candidate.state === 'fresh')
  }

  /**
   * The nearest candidates that count for the end: valid ones first, the others only where there are
   * fewer valid ones than the search needs. See attacks.md, "chosen id".
   */
  #window(counts: (candidate: Candidate) => boolean, width = this.#width): Candidate[] {
    const window: Candidate[] = []
    for (const isValid of [true, false]) {
      for (const candidate of this.#candidates) {
        if (window.length === width) return window
        const isFirst = candidate.isValid || this.#isForgiving
        if (isFirst !== isValid || candidate.state === 'dead') continue
        if (counts(candidate)) window.push(candidate)
      }
    }
    return window
  }

  /** The query to `candidate` is late: somebody else may be asked in its stead. */
  stalled(candidate: Candidate): void {
    if (candidate.state !== 'asked') return
    candidate.state = 'stalled'
    this.#inFlight--
  }

  /** `candidate` will not answer any more, or answered with an error. */
  failed(candidate: Candidate): void {
    if (candidate.state === 'asked') this.#inFlight--
    candidate.state = 'dead'
  }

  /** Gives `candidate` another turn: a lost datagram must not cost the only entrance. */
  retry(candidate: Candidate): void {
    if (candidate.state === 'asked') this.#inFlight--
    candidate.state = 'fresh'
  }

  /**
   * `candidate` answered as `id`.
   *
   * @returns whether the answer counts. One that comes nearer than it was advertised does not: it has
   *   seen the target and may have chosen its id to fit.
   */
  answered(candidate: Candidate, id: Key): boolean {
    if (candidate.state === 'asked') this.#inFlight--
    const advertised = candidate.id
    if (advertised === undefined) {
      this.#routers.splice(this.#routers.indexOf(candidate), 1)
      this.#place(candidate, id)
      return true
    }
    const order = compareDistance(this.target, id, advertised)
    if (order < 0) {
      candidate.state = 'dead'
      return false
    }
    if (order === 0) candidate.state = 'answered'
    else {
      this.#candidates.splice(this.#candidates.indexOf(candidate), 1)
      this.#place(candidate, id)
    }
    return true
  }

  #place(candidate: Candidate, id: Key): void {
    candidate.id = id
    candidate.isValid = isIdValidFor(id, candidate.address.ip)
    candidate.state = 'answered'
    this.#candidates.splice(this.#indexFor(id), 0, candidate)
  }

  /**
   * Whether the nearest nodes have answered, those that stalled aside. While fewer answered than a search
   * should find, stalled ones are waited for: on a slow network everybody is late.
   */
  get isOver(): boolean {
    if (this.#queries >= WALK_QUERIES_MAX) return this.#inFlight === 0
    const nearest = this.#window(candidate => candidate.state !== 'stalled')
    if (nearest.some(({ state }) => state === 'fresh' || state === 'asked')) return false
    if (nearest.length >= this.#width) return true
    const isExpected = ({ state }: Candidate) => state !== 'answered' && state !== 'dead'
    return !this.#candidates.some(isExpected) && !this.#routers.some(isExpected)
  }

  /**
   * Nodes that answered as whom they were advertised, or that were asked and are still in time, nearest
   * first; where there are enough valid ones for a search, only these.
   */
  nearest(): Candidate[] {
    const isThere = ({ state }: Candidate) => state === 'answered' || state === 'asked'
    const there = this.#candidates.filter(isThere)
    if (this.#isForgiving) return there
    const valid = there.filter(({ isValid }) => isValid)
    return valid.length >= CLOSEST_COUNT ? valid : there
  }

  /** Whether each of the nearest was asked in time and `count` of them have answered. */
  hasSettled(count: number): boolean {
    const nearest = this.#window(candidate => candidate.state !== 'stalled')
    if (nearest.some(({ state }) => state === 'fresh')) return false
    return nearest.filter(({ state }) => state === 'answered').length >= count
  }

  /** The nearest nodes that answered, nearest first; invalid ids only where valid ones are missing. */
  closest(): Candidate[] {
    const answered = this.#window(({ state }) => state === 'answered', CLOSEST_COUNT)
    return answered.sort((a, b) => compareDistance(this.target, a.id as Key, b.id as Key))
  }
}

/** A node to be asked; `id` as someone told it. */
export function candidateOf(
  id: Key | undefined,
  address: Address,
  rttMs: number | undefined,
): Candidate {
  const isValid = id === undefined || isIdValidFor(id, address.ip)
  return { id, address, isValid, state: 'fresh', asked: 0, rttMs, token: undefined }
}
