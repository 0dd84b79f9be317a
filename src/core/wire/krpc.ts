// The messages of the DHT as values: queries, responses and errors of BEP 5, 32, 33, 42, 43, 44 and 51.
// What a decoder gives here are views of the datagram, lent with it: copy what you keep.
import type { Address } from '../bytes/index.ts'

/** The largest datagram that is looked at. Ours stay below 1,400; some clients answer with 4 KB. */
export const KRPC_LIMIT_BYTES = 8192
/** A longer transaction id in a query is answered with error 203; see attacks.md, "amplifier". */
export const TRANSACTION_LIMIT_BYTES = 32
/** A longer write token is as good as none: it would only be ballast in our answer. */
export const TOKEN_LIMIT_BYTES = 128
/** The largest item, bencoded. @see BEP 44 */
export const ITEM_LIMIT_BYTES = 1000
/** @see BEP 44 */
export const SALT_LIMIT_BYTES = 64
/** Characters that are kept of an error's text and of an unknown method's name. */
export const KRPC_TEXT_LIMIT = 256

/** The codes of error messages. @see BEP 5 (201–204), BEP 44 (205–302) */
export const KRPC_ERROR = {
  generic: 201,
  server: 202,
  protocol: 203,
  methodUnknown: 204,
  valueTooLarge: 205,
  signatureInvalid: 206,
  saltTooLarge: 207,
  casMismatch: 301,
  sequenceTooOld: 302,
} as const

export type KrpcMethod =
  | 'ping'
  | 'find_node'
  | 'get_peers'
  | 'announce_peer'
  | 'get'
  | 'put'
  | 'sample_infohashes'

/** Which families of nodes a query wants; absent: that of the datagram. @see BEP 32 */
export type Want = 'n4' | 'n6' | 'both'

interface Envelope {
  /** 1 byte or more, to be echoed. In a query it may exceed `TRANSACTION_LIMIT_BYTES`: see `fault`. */
  readonly transaction: Uint8Array
  /** The sender's client and version, by habit 4 bytes. */
  readonly version?: Uint8Array | undefined
}

interface QueryEnvelope extends Envelope {
  readonly kind: 'query'
  /** The sender answers no queries and must not be kept as a node. @see BEP 43 */
  readonly isReadOnly: boolean
}

export interface PingQuery extends QueryEnvelope {
  readonly method: 'ping'
  /** The sender's node id, 20 bytes, as in all that follow. */
  readonly id: Uint8Array
}

/** `find_node`, and `sample_infohashes` of BEP 51, which ask for the nodes nearest to `target`. */
export interface TargetQuery extends QueryEnvelope {
  readonly method: 'find_node' | 'sample_infohashes'
  readonly id: Uint8Array
  /** 20 bytes. */
  readonly target: Uint8Array
  readonly want?: Want | undefined
}

export interface GetPeersQuery extends QueryEnvelope {
  readonly method: 'get_peers'
  readonly id: Uint8Array
  /** 20 bytes. */
  readonly infohash: Uint8Array
  readonly want?: Want | undefined
  /** Rather peers that are no seeds. @see BEP 33 */
  readonly isNoSeed: boolean
  /** Asks for the filters `seedFilter` and `peerFilter`. @see BEP 33 */
  readonly isScrape: boolean
  /** Bytes of ballast: a responder that never sends more than twice what it got may then answer at length. */
  readonly paddingBytes?: number | undefined
}

export interface AnnouncePeerQuery extends QueryEnvelope {
  readonly method: 'announce_peer'
  readonly id: Uint8Array
  readonly infohash: Uint8Array
  /** 1–65535, or 0 where `isPortImplied`: then the datagram's source port is meant. */
  readonly port: number
  readonly isPortImplied: boolean
  readonly isSeed: boolean
  readonly token: Uint8Array
}

export interface GetQuery extends QueryEnvelope {
  readonly method: 'get'
  readonly id: Uint8Array
  readonly target: Uint8Array
  /** Only a newer item than this is wanted. */
  readonly sequence?: bigint | undefined
  /** Bytes of ballast, as in `GetPeersQuery`. */
  readonly paddingBytes?: number | undefined
  readonly want?: Want | undefined
}

/** What makes an item mutable. @see BEP 44 */
export interface MutableFields {
  /** 32 bytes, ed25519. */
  readonly key: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
  /** 0 to 2^63-1. */
  readonly sequence: bigint
  /** At most 64 bytes; empty is the same as absent and read as absent. */
  readonly salt?: Uint8Array | undefined
  /** The sequence number that the stored item must have. */
  readonly cas?: bigint | undefined
}

export interface PutQuery extends QueryEnvelope {
  readonly method: 'put'
  readonly id: Uint8Array
  readonly token: Uint8Array
  /** The item as it stood in the message, bencoded, at most `ITEM_LIMIT_BYTES`. */
  readonly value: Uint8Array
  readonly mutable?: MutableFields | undefined
}

/**
 * A query that cannot be served as it is: its method is unknown or its arguments are wrong. `fault` is
 * the code of the error that answers it. BEP 5's forward compatibility lets an unknown method with a
 * `target` be answered like `find_node`, so that is given where it is there.
 */
export interface OtherQuery extends QueryEnvelope {
  readonly method: 'other'
  /** Latin-1, cut at `KRPC_TEXT_LIMIT`. */
  readonly name: string
  readonly fault: 203 | 204 | 205 | 207
  readonly id?: Uint8Array | undefined
  /** 20 bytes: `target` or `info_hash`. */
  readonly target?: Uint8Array | undefined
  readonly want?: Want | undefined
}

export type KrpcQuery =
  | PingQuery
  | TargetQuery
  | GetPeersQuery
  | AnnouncePeerQuery
  | GetQuery
  | PutQuery
  | OtherQuery

/** A response does not say to what it answers, so it has the fields of all methods. */
export interface KrpcResponse extends Envelope {
  readonly kind: 'response'
  /** The responder's node id, 20 bytes. */
  readonly id: Uint8Array
  /** How the responder sees us. @see BEP 42 */
  readonly ip?: Address | undefined
  /** 26 bytes a node: id, IPv4, port. A multiple of that; see `parseContacts`. */
  readonly nodes?: Uint8Array | undefined
  /** 38 bytes a node: id, IPv6, port. @see BEP 32 */
  readonly nodes6?: Uint8Array | undefined
  /** Present, if empty, where the message had `values`: the responder claims to keep that infohash. */
  readonly peers?: readonly Address[] | undefined
  readonly token?: Uint8Array | undefined
  /** 256 bytes (`BFsd`). @see BEP 33 */
  readonly seedFilter?: Uint8Array | undefined
  /** 256 bytes (`BFpe`). */
  readonly peerFilter?: Uint8Array | undefined
  /** 32 bytes (`k`). @see BEP 44 */
  readonly key?: Uint8Array | undefined
  /** 64 bytes (`sig`). */
  readonly signature?: Uint8Array | undefined
  readonly sequence?: bigint | undefined
  /** The item (`v`) as it stood in the message, bencoded. */
  readonly value?: Uint8Array | undefined
  /** 20 bytes an infohash, a multiple of that. Present, if empty, where BEP 51 is supported. */
  readonly samples?: Uint8Array | undefined
  /** How many infohashes the responder keeps (`num`). */
  readonly sampleTotal?: number | undefined
  /** After how long other samples may be asked for (`interval`), 0–21600. */
  readonly sampleIntervalSeconds?: number | undefined
}

export interface KrpcError extends Envelope {
  readonly kind: 'error'
  readonly code: number
  /** For people, cut at `KRPC_TEXT_LIMIT` characters; never to be trusted. */
  readonly message: string
  readonly ip?: Address | undefined
}

export type KrpcMessage = KrpcQuery | KrpcResponse | KrpcError

/** What is signed of a mutable item: salt, sequence number and value. @see BEP 44 */
export function signedBytes(item: {
  readonly salt?: Uint8Array | undefined
  readonly sequence: bigint
  /** Bencoded. */
  readonly value: Uint8Array
}): Uint8Array {
  const text = new TextEncoder()
  const salt = item.salt ?? new Uint8Array(0)
  const saltHead = salt.length === 0 ? '' : `4:salt${salt.length}:`
  const head = text.encode(saltHead)
  const middle = text.encode(`3:seqi${item.sequence}e1:v`)
  const whole = new Uint8Array(head.length + salt.length + middle.length + item.value.length)
  whole.set(head)
  whole.set(salt, head.length)
  whole.set(middle, head.length + salt.length)
  whole.set(item.value, head.length + salt.length + middle.length)
  return whole
}
