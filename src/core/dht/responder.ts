// The serving side: what a query is answered with. Nothing is stored without a token, and an address that
// has not shown that it is real gets little more than it sent.
import type { Address } from '../bytes/index.ts'
import {
  type AnnouncePeerQuery,
  type GetPeersQuery,
  type GetQuery,
  KRPC_ERROR,
  type KrpcError,
  type KrpcQuery,
  type KrpcResponse,
  type OtherQuery,
  type PutQuery,
  packContacts,
  type TargetQuery,
  type Want,
} from '../wire/index.ts'
import type { Digests, Luck, Millis } from '../world/index.ts'
import { type Family, familyOf, IP_SIZE } from './family.ts'
import { isItemGood, type Signatures, targetOf } from './item.ts'
import { ItemStore } from './item-store.ts'
import { PeerStore } from './peer-store.ts'
import { hostKey } from './place.ts'
import { addToFilter, FILTER_SIZE_BYTES } from './scrape.ts'
import { Tokens } from './token.ts'
import { CLOSEST_COUNT } from './walk.ts'
import type { Contact, Item, Key } from './words.ts'

/** Peers in one answer: 50 IPv6 peers and 8 nodes of both families stay below 1,400 bytes… of IPv4. */
export const PEERS_PER_ANSWER_MAX = 50
const PEERS6_PER_ANSWER_MAX = 25
/** Infohashes in one answer to `sample_infohashes`: 400 bytes. */
export const SAMPLES_PER_ANSWER_MAX = 20
/** How long other samples will not be there, in seconds. @see BEP 51 */
const SAMPLE_INTERVAL_SECONDS = 60

/** Bytes of a response besides the transaction's and what the method adds: envelope, id and `ip`. */
const RESPONSE_BYTES = { ipv4: 57, ipv6: 70 } as const
/** `5:nodes208:` or `6:nodes6304:`. */
const NODES_HEAD_BYTES = 12
/** `5:token8:` and the token. */
const TOKEN_BYTES = 17
/** `6:valuesl` and its end. */
const PEERS_HEAD_BYTES = 10
/** Two filters of 256 bytes with their keys. */
const FILTERS_BYTES = 532

export interface ResponderOptions {
  readonly luck: Luck
  readonly sha1: Digests['sha1']
  readonly signatures: Signatures | undefined
  readonly families: readonly Family[]
  ownId(family: Family): Key
  closest(family: Family, target: Key, count: number): readonly Contact[]
}

type Body = Omit<KrpcResponse, 'kind' | 'transaction' | 'id' | 'ip'>

interface Asked {
  readonly nowMs: Millis
  readonly from: Address
  /** Bytes that the answer may have besides its envelope. */
  readonly room: number
}

export class Responder {
  readonly peers = new PeerStore()
  readonly items = new ItemStore()
  readonly #options: ResponderOptions
  readonly #tokens: Tokens

  constructor(options: ResponderOptions) {
    this.#options = options
    this.#tokens = new Tokens(options.luck, options.sha1)
  }

  /**
   * The answer to `query`, at most `budget` bytes when encoded; `undefined` where even the shortest
   * one would be longer.
   */
  answer(
    nowMs: Millis,
    from: Address,
    query: KrpcQuery,
    budget: number,
  ): KrpcResponse | KrpcError | undefined {
    const room = budget - RESPONSE_BYTES[familyOf(from)] - query.transaction.length
    const asked = { nowMs, from, room }
    const body = this.#bodyFor(query, asked)
    const transaction = query.transaction.slice(0, 32)
    if (typeof body === 'number') {
      return { kind: 'error', transaction, code: body, message: ERROR_TEXTS[body] ?? 'Error' }
    }
    if (room < 0) return undefined
    const id = this.#options.ownId(familyOf(from))
    return { kind: 'response', transaction, id, ip: from, ...body }
  }

  #bodyFor(query: KrpcQuery, asked: Asked): Body | number {
    switch (query.method) {
      case 'ping':
        return {}
      case 'find_node':
        return this.#nodes(query, asked, 0)
      case 'get_peers':
        return this.#getPeers(query, asked)
      case 'announce_peer':
        return this.#announce(query, asked)
      case 'get':
        return this.#get(query, asked)
      case 'put':
        return this.#put(query, asked)
      case 'sample_infohashes':
        return this.#sample(query, asked)
      case 'other':
        return this.#other(query, asked)
    }
  }

  /** An unknown method with a target is answered like `find_node`. @see BEP 5, forward compatibility */
  #other(query: OtherQuery, asked: Asked): Body | number {
    const { target, fault, want } = query
    const isUnknown = fault === KRPC_ERROR.methodUnknown
    return isUnknown && target !== undefined ? this.#nodes({ target, want }, asked, 0) : fault
  }

  /** The nearest nodes in each wanted family, as many as the budget leaves room for. */
  #nodes(
    query: { readonly target: Key; readonly want?: Want | undefined },
    asked: Asked,
    extraBytes: number,
  ): Body {
    let left = asked.room - extraBytes
    const body: { nodes?: Uint8Array; nodes6?: Uint8Array } = {}
    for (const family of this.#wanted(query.want, asked.from)) {
      const ipSize = IP_SIZE[family]
      const size = 20 + ipSize + 2
      const count = Math.min(CLOSEST_COUNT, Math.floor((left - NODES_HEAD_BYTES) / size))
      const contacts = count > 0 ? this.#options.closest(family, query.target, count) : []
      left -= NODES_HEAD_BYTES + contacts.length * size
      body[family === 'ipv4' ? 'nodes' : 'nodes6'] = packContacts(contacts, ipSize)
    }
    return body
  }

  #wanted(want: Want | undefined, from: Address): readonly Family[] {
    const { families } = this.#options
    if (want === undefined) return [familyOf(from)]
    if (want === 'both') return families
    const family = want === 'n4' ? 'ipv4' : 'ipv6'
    return families.includes(family) ? [family] : []
  }

  #getPeers(query: GetPeersQuery, asked: Asked): Body {
    const { nowMs, from } = asked
    const { infohash, isNoSeed } = query
    const token = this.#tokens.issue(nowMs, from.ip)
    const ipSize = IP_SIZE[familyOf(from)]
    const room = asked.room - TOKEN_BYTES - PEERS_HEAD_BYTES
    const countMax = ipSize === 4 ? PEERS_PER_ANSWER_MAX : PEERS6_PER_ANSWER_MAX
    const filters = query.isScrape && room > FILTERS_BYTES ? this.#filters(nowMs, infohash) : {}
    const peerRoom = room - (filters.peerFilter === undefined ? 0 : FILTERS_BYTES)
    const count = Math.max(
      0,
      Math.min(countMax, Math.floor(peerRoom / (ipSize + 4 + (ipSize === 4 ? 0 : 1)))),
    )
    const { luck } = this.#options
    const peers = this.peers.sample(nowMs, infohash, { ipSize, count, isNoSeed, luck })
    const peerBytes = peers.length === 0 ? 0 : PEERS_HEAD_BYTES + peers.length * (ipSize + 5)
    const extraBytes = TOKEN_BYTES + peerBytes + (room - peerRoom)
    const nodes = this.#nodes({ target: infohash, want: query.want }, asked, extraBytes)
    return { ...nodes, token, ...filters, ...(peers.length === 0 ? {} : { peers }) }
  }

  /** @see BEP 33 */
  #filters(nowMs: Millis, infohash: Key): Pick<Body, 'seedFilter' | 'peerFilter'> {
    const stored = this.peers.peers(nowMs, infohash)
    if (stored.length === 0) return {}
    const seedFilter = new Uint8Array(FILTER_SIZE_BYTES)
    const peerFilter = new Uint8Array(FILTER_SIZE_BYTES)
    for (const { address, isSeed } of stored) {
      addToFilter(isSeed ? seedFilter : peerFilter, address.ip, this.#options.sha1)
    }
    return { seedFilter, peerFilter }
  }

  #announce(query: AnnouncePeerQuery, { nowMs, from }: Asked): Body | number {
    if (!this.#tokens.accepts(nowMs, from.ip, query.token)) return KRPC_ERROR.protocol
    const port = query.isPortImplied ? from.port : query.port
    const address = { ip: from.ip, port }
    const isStored = this.peers.add(nowMs, query.infohash, address, query.isSeed)
    return isStored ? {} : KRPC_ERROR.server
  }

  #get(query: GetQuery, asked: Asked): Body {
    const { nowMs, from, room } = asked
    const token = this.#tokens.issue(nowMs, from.ip)
    const item = this.items.get(nowMs, query.target)
    const fields = item === undefined ? {} : itemFields(item, query.sequence)
    const itemBytes = item === undefined ? 0 : itemSize(item)
    const isRoom = room - TOKEN_BYTES >= itemBytes
    const extraBytes = TOKEN_BYTES + (isRoom ? itemBytes : 0)
    return { ...this.#nodes(query, asked, extraBytes), token, ...(isRoom ? fields : {}) }
  }

  #put(query: PutQuery, { nowMs, from }: Asked): Body | number {
    if (!this.#tokens.accepts(nowMs, from.ip, query.token)) return KRPC_ERROR.protocol
    const { value, mutable } = query
    const item = { value, mutable }
    const target = targetOf(item, this.#options.sha1)
    if (!isItemGood(item, target, this.#options)) return KRPC_ERROR.signatureInvalid
    const ownId = this.#options.ownId(familyOf(from))
    const host = hostKey(from)
    return this.items.put(nowMs, item, { target, host, cas: mutable?.cas, ownId }) ?? {}
  }

  #sample(query: TargetQuery, asked: Asked): Body {
    const headBytes = 60
    const left = asked.room - headBytes
    const count = Math.max(0, Math.min(SAMPLES_PER_ANSWER_MAX, Math.floor(left / 20)))
    const keys = this.peers.infohashes(count, this.#options.luck)
    const samples = new Uint8Array(keys.length * 20)
    for (const [index, key] of keys.entries()) samples.set(key, index * 20)
    const extraBytes = headBytes + samples.length
    return {
      ...this.#nodes(query, asked, extraBytes),
      samples,
      sampleTotal: this.peers.infohashCount,
      sampleIntervalSeconds: SAMPLE_INTERVAL_SECONDS,
    }
  }
}

/** Bytes of the item's members in an answer, at most: value, and of a mutable one key, signature, sequence. */
function itemSize({ value, mutable }: Item): number {
  return 3 + value.length + (mutable === undefined ? 0 : 38 + 73 + 27)
}

/** The item's members of an answer; only its sequence number where the asker has it already. */
function itemFields({ value, mutable }: Item, known: bigint | undefined): Body {
  if (mutable === undefined) return { value }
  const { sequence, key, signature } = mutable
  if (known !== undefined && sequence <= known) return { sequence }
  return { value, key, signature, sequence }
}

const ERROR_TEXTS: Readonly<Record<number, string>> = {
  [KRPC_ERROR.server]: 'Enough of yours is kept here',
  [KRPC_ERROR.protocol]: 'Bad token or arguments',
  [KRPC_ERROR.methodUnknown]: 'Method unknown',
  [KRPC_ERROR.valueTooLarge]: 'Value too large',
  [KRPC_ERROR.signatureInvalid]: 'Bad signature',
  [KRPC_ERROR.saltTooLarge]: 'Salt too large',
  [KRPC_ERROR.casMismatch]: 'Sequence is another',
  [KRPC_ERROR.sequenceTooOld]: 'Sequence is older',
}
