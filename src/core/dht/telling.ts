// The second half of a private lookup: the nearest vetted nodes are told the infohash, one per /16, few in all.
import type { KrpcError, KrpcResponse } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import { isLocal, type PlaceKey, rangeKey } from './place.ts'
import type { Query, QueryOwner } from './rpc.ts'
import type { Candidate } from './walk.ts'

/** The nearest nodes that are told the infohash; one that turns out silent makes room for another. */
export const TOLD_AT_ONCE = 8
/** Nodes that are told the infohash in all: more than the nearest only while none of them knew a peer. */
export const TOLD_MAX = 16
/** Told again rather than telling another: a lost datagram discloses nothing. */
const TOLD_TURNS = 2
/** When so many told nodes have answered, stalled ones are not waited for. */
const TOLD_ANSWERS_MIN = 5

export interface TellingHost {
  /** Candidates for being told, nearest first: answered, or asked and still in time. */
  nearest(): readonly Candidate[]
  /** How many nodes are to be told, silent ones aside. */
  wanted(): number
  /** Whether `candidate` may be told already, although nearer ones may yet be found. */
  isInTime(candidate: Candidate): boolean
  /** Sends the infohash; `false` where disclosure forbids it. */
  tell(nowMs: Millis, subject: Candidate): boolean
  heard(subject: Candidate, response: KrpcResponse): void
  /** Something is known of a told node: `proceed` is to be called. */
  changed(nowMs: Millis): void
}

interface Told {
  turns: number
  state: 'asked' | 'stalled' | 'answered' | 'silent' | 'forbidden'
}

export class Telling implements QueryOwner {
  readonly #host: TellingHost
  readonly #told = new Map<Candidate, Told>()
  readonly #ranges = new Map<PlaceKey, Candidate>()
  #isOver = false
  #answers = 0

  constructor(host: TellingHost) {
    this.#host = host
  }

  /** Whether all that are to be told were told and have answered, or are not waited for. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Nodes that were sent the infohash. */
  get told(): number {
    return [...this.#told.values()].filter(({ turns }) => turns > 0).length
  }

  /** Tells whoever is to be told now. */
  proceed(nowMs: Millis): void {
    const window = this.#window()
    for (const candidate of window) {
      if (candidate.state !== 'answered' || this.#told.has(candidate)) continue
      if (!this.#host.isInTime(candidate)) break
      if (this.#told.size >= TOLD_MAX) break
      if (this.#host.tell(nowMs, candidate)) this.#told.set(candidate, { turns: 1, state: 'asked' })
      else this.#told.set(candidate, { turns: 0, state: 'forbidden' })
    }
    const isOpen = (candidate: Candidate) => {
      const state = this.#told.get(candidate)?.state
      if (state === undefined) return this.#told.size < TOLD_MAX
      return state === 'asked'
    }
    this.#isOver = !this.#window().some(isOpen)
  }

  /** First the nearest; only when all of these have spoken, more. */
  #wanted(): number {
    const isAsked = [...this.#told.values()].some(({ state }) => state === 'asked')
    return isAsked ? TOLD_AT_ONCE : this.#host.wanted()
  }

  /** The nearest candidates that are or may be told, one per /16; silent ones make room. */
  #window(): Candidate[] {
    const window: Candidate[] = []
    const wanted = this.#wanted()
    for (const candidate of this.#host.nearest()) {
      if (window.length >= wanted) break
      const state = this.#told.get(candidate)?.state
      if (state === 'silent' || state === 'forbidden') continue
      if (!this.#mayHoldRange(candidate)) continue
      window.push(candidate)
    }
    return window
  }

  /** The first candidate of a range keeps it; local networks have but one. */
  #mayHoldRange(candidate: Candidate): boolean {
    const { ip } = candidate.address
    if (isLocal(ip)) return true
    const key = rangeKey(ip)
    const holder = this.#ranges.get(key)
    if (holder !== undefined && holder.state !== 'dead') return holder === candidate
    this.#ranges.set(key, candidate)
    return true
  }

  answered(nowMs: Millis, { subject }: Query, response: KrpcResponse): void {
    this.#answers++
    this.#settle(subject, 'answered')
    this.#host.heard(subject, response)
    this.#after(nowMs)
  }

  refused(nowMs: Millis, { subject }: Query, _error: KrpcError): void {
    this.#settle(subject, 'silent')
    this.#after(nowMs)
  }

  stalled(nowMs: Millis, { subject }: Query): void {
    const told = this.#told.get(subject) as Told
    if (told.state !== 'asked') return
    const isMissed = this.#answers < TOLD_ANSWERS_MIN && told.turns < TOLD_TURNS
    if (!isMissed || !this.#host.tell(nowMs, subject)) told.state = 'stalled'
    else told.turns++
    this.#after(nowMs)
  }

  silent(nowMs: Millis, { subject }: Query): void {
    const told = this.#told.get(subject) as Told
    if (told.state === 'stalled') told.state = 'silent'
    this.#after(nowMs)
  }

  #settle(subject: Candidate, state: 'answered' | 'silent'): void {
    const told = this.#told.get(subject) as Told
    if (told.state !== 'answered') told.state = state
  }

  #after(nowMs: Millis): void {
    this.#host.changed(nowMs)
  }
}
