// Peer exchange (BEP 11), for those who share: once a minute each peer is told who came and who left since
// the last time. Only peers that we dialled are named, because only their port is known to be open.
import { type Address, formatAddress } from '../bytes/index.ts'
import { encodePex, PEX_PEERS_MAX, writeExtended } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import type { Peer } from './peer.ts'

/** BEP 11: no more than one message a minute. */
export const PEX_EVERY_MS = 60_000
/** Of those that came and of those that left, each, in one message. @see BEP 11 */
const NAMED_MAX = Math.min(50, PEX_PEERS_MAX)

export class PeerExchange {
  #tellAtMs: Millis
  /** By peer: the addresses that it was told and not taken back. */
  readonly #told = new Map<Peer, Map<string, Address>>()

  constructor(nowMs: Millis) {
    this.#tellAtMs = nowMs + PEX_EVERY_MS
  }

  peerLeft(peer: Peer): void {
    this.#told.delete(peer)
  }

  /** Tells those who want to know, if a minute has passed. To be called about once a second. */
  wake(nowMs: Millis, peers: Iterable<Peer>): void {
    if (nowMs < this.#tellAtMs) return
    this.#tellAtMs = nowMs + PEX_EVERY_MS
    const open = [...peers].filter(peer => peer.phase === 'open')
    const named = new Map<string, Address>()
    for (const { isIncoming, candidate } of open) {
      if (!isIncoming) named.set(candidate.key, candidate.address)
    }
    for (const peer of open) if (peer.pexId !== 0) this.#tell(peer, named)
  }

  #tell(peer: Peer, named: ReadonlyMap<string, Address>): void {
    const told = this.#told.get(peer) ?? new Map<string, Address>()
    this.#told.set(peer, told)
    const isOther = ([key]: [string, Address]) => key !== formatAddress(peer.candidate.address)
    const came = [...named]
      .filter(([key]) => !told.has(key))
      .filter(isOther)
      .slice(0, NAMED_MAX)
    const left = [...told].filter(([key]) => !named.has(key)).slice(0, NAMED_MAX)
    if (came.length === 0 && left.length === 0) return
    for (const [key, address] of came) told.set(key, address)
    for (const [key] of left) told.delete(key)
    const added = came.map(([, address]) => ({
      address,
      prefersEncryption: false,
      isSeed: false,
      hasUtp: false,
      hasHolepunch: false,
      isReachable: true,
    }))
    const dropped = left.map(([, address]) => address)
    writeExtended(peer.writer, peer.pexId, encodePex({ added, dropped }))
  }
}
