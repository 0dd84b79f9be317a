// Whom to unchoke, among the peers that want something: those that give most (tit for tat), and one more in
// turn, so that a newcomer can show what it gives. When there is nothing left to get, those that take fastest
// come first, because they spread the torrent best. @see BEP 3
import type { Luck, Millis } from '../world/index.ts'
import type { Peer } from './peer.ts'

/** Peers unchoked for what they give. More would leave each too little to be of use on a home line. */
const REGULAR_SLOTS = 7
/** Between two decisions; shorter and peers would fibrillate. */
export const CHOKE_EVERY_MS = 10_000
/** How long the one in turn stays unchoked. */
const OPTIMISTIC_MS = 30_000

export class Choker {
  readonly #luck: Luck
  #optimistic: Peer | undefined
  #chosenAtMs: Millis = Number.NEGATIVE_INFINITY

  constructor(luck: Luck) {
    this.#luck = luck
  }

  /** @returns the peers to unchoke; all others are to be choked. */
  choose(nowMs: Millis, peers: Iterable<Peer>, isSeeding: boolean): Set<Peer> {
    const asking = [...peers].filter(peer => peer.phase === 'open' && peer.isInterested)
    const worth = (peer: Peer) =>
      isSeeding ? peer.up.bytesPerSecond(nowMs) : peer.down.bytesPerSecond(nowMs)
    const chosen = new Set(asking.sort((a, b) => worth(b) - worth(a)).slice(0, REGULAR_SLOTS))
    const others = asking.filter(peer => !chosen.has(peer))
    const isOver =
      this.#optimistic === undefined ||
      !others.includes(this.#optimistic) ||
      nowMs - this.#chosenAtMs >= OPTIMISTIC_MS
    if (isOver) {
      this.#optimistic = others.length === 0 ? undefined : others[this.#luck.below(others.length)]
      this.#chosenAtMs = nowMs
    }
    if (this.#optimistic !== undefined) chosen.add(this.#optimistic)
    return chosen
  }
}
