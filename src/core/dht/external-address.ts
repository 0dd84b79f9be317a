// How the network sees us: every answer may say so, and what most of the last voters say is believed.
// One machine of one neighbourhood has one vote. See attacks.md, "false mirror".
import type { Address } from '../bytes/index.ts'
import { formatIp } from '../bytes/index.ts'
import { hostKey, isLocal, isUsable, networkKey, type PlaceKey } from './place.ts'

/** The last voters that count. */
export const VOTERS_MAX = 24
/** Fewer than this say nothing. */
export const VOTES_MIN = 4

interface Vote {
  readonly ip: string
  readonly address: Address
}

export class ExternalAddress {
  readonly #allowPrivate: boolean
  /** By the voter's neighbourhood, oldest first. */
  readonly #votes = new Map<PlaceKey, Vote>()
  #current: Address | undefined

  constructor(allowPrivate: boolean) {
    this.#allowPrivate = allowPrivate
  }

  /** What most voters say, ports aside; the port is the last that one of them named. */
  get current(): Address | undefined {
    return this.#current
  }

  /**
   * `voter` says that it sees us at `seen`.
   *
   * @returns whether the IP that is believed is another one now.
   */
  vote(voter: Address, seen: Address): boolean {
    if (seen.ip.length !== voter.ip.length || !isUsable(seen, this.#allowPrivate)) return false
    const key = isLocal(voter.ip) ? hostKey(voter) : networkKey(voter.ip)
    const vote = { ip: formatIp(seen.ip), address: seen }
    const before = this.#votes.get(key)
    this.#votes.delete(key)
    this.#votes.set(key, vote)
    // Most votes repeat what their voter said before: the count stays as it is.
    if (before?.ip === vote.ip) return false
    if (this.#votes.size > VOTERS_MAX) {
      const [oldest] = this.#votes.keys()
      this.#votes.delete(oldest as PlaceKey)
    }
    const winner = this.#winner()
    if (winner === undefined) return false
    const believed = this.#current
    this.#current = winner.address
    return believed === undefined || formatIp(believed.ip) !== winner.ip
  }

  #winner(): Vote | undefined {
    const counts = new Map<string, { count: number; last: Vote }>()
    for (const vote of this.#votes.values()) {
      const counted = counts.get(vote.ip)
      counts.set(vote.ip, { count: (counted?.count ?? 0) + 1, last: vote })
    }
    const majority = Math.max(VOTES_MIN, Math.floor(this.#votes.size / 2) + 1)
    for (const { count, last } of counts.values()) if (count >= majority) return last
    return undefined
  }
}
