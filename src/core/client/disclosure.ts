// The one place that decides what is told to whom, and keeps the account of it. A freerider may name the
// infohash to the peers that it dials, and nothing else: what is not allowed here has no code path, because
// the swarm builds its uploading part only where `servesPieces` says so.
import { type Address, formatAddress, toHex } from '../bytes/index.ts'
import type { Disclosure as DhtDisclosure } from '../dht/index.ts'
import type { Discretion, Sharing } from '../swarm/index.ts'
import type { Millis } from '../world/index.ts'

/** Entries kept; beyond it the oldest goes, because what is recent matters to whoever looks. */
export const DISCLOSURES_MAX = 4096

/** A query that tells all of these tells the infohash itself, not a decoy. */
const INFOHASH_BITS = 160

/** `address` learned our IP and, at `atMs`, the facts. */
export interface Disclosure {
  /** `1.2.3.4:5` or `[2001:db8::1]:5`. */
  readonly address: string
  readonly infohash: string
  /** When it learned the infohash, and when it saw the first request for a piece; `undefined`: never. */
  readonly infohashAtMs: Millis
  readonly piecesAtMs: Millis | undefined
}

export class Disclosures {
  readonly #byKey = new Map<string, Disclosure>()

  /** What a torrent that is shared in the way of `sharing` may say; its facts are noted here. */
  discretionFor(sharing: Sharing, infohash: string, nowMs: () => Millis): Discretion {
    return {
      servesMetadata: sharing.kind !== 'off',
      servesPieces: sharing.kind === 'full',
      exchangesPeers: sharing.kind === 'full',
      told: (address, fact) => this.#note(nowMs(), address, infohash, fact),
    }
  }

  /** What the DHT may be told: nothing to who is blocked; nodes that learn an infohash are noted. */
  forDht(isBlocked: (ip: Uint8Array) => boolean): DhtDisclosure {
    return {
      allows: (nowMs, { to, infohash, bits }) => {
        if (isBlocked(to.ip)) return false
        if (bits === INFOHASH_BITS) this.#note(nowMs, to, toHex(infohash), 'infohash')
        return true
      },
    }
  }

  /** Whether a torrent that is shared in this way may be announced to the DHT. */
  mayAnnounce(sharing: Sharing): boolean {
    return sharing.kind === 'full'
  }

  /** Everything that is remembered, oldest first. */
  list(): Disclosure[] {
    return [...this.#byKey.values()]
  }

  #note(nowMs: Millis, address: Address, infohash: string, fact: 'infohash' | 'pieces'): void {
    const text = formatAddress(address)
    const key = `${infohash} ${text}`
    const known = this.#byKey.get(key)
    if (known?.piecesAtMs !== undefined || (known !== undefined && fact === 'infohash')) return
    const piecesAtMs = fact === 'pieces' ? nowMs : undefined
    const infohashAtMs = known?.infohashAtMs ?? nowMs
    this.#byKey.set(key, { address: text, infohash, infohashAtMs, piecesAtMs })
    const oldest = this.#byKey.keys().next().value
    if (this.#byKey.size > DISCLOSURES_MAX && oldest !== undefined) this.#byKey.delete(oldest)
  }
}
