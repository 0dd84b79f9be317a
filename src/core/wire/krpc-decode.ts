// A datagram of the DHT read into a KrpcMessage. Depth, tokens and size are bounded first; unknown keys
// and fields of the wrong kind count as absent, since every client of the DHT adds some of its own.
import type { Address } from '../bytes/index.ts'
import { type BencodeNode, BencodeReader } from './bencode.ts'
import { parseEndpoint } from './endpoint.ts'
import { WireError } from './errors.ts'
import {
  ITEM_LIMIT_BYTES,
  KRPC_LIMIT_BYTES,
  KRPC_TEXT_LIMIT,
  type KrpcError,
  type KrpcMessage,
  type KrpcQuery,
  type KrpcResponse,
  type MutableFields,
  type OtherQuery,
  SALT_LIMIT_BYTES,
  TOKEN_LIMIT_BYTES,
  TRANSACTION_LIMIT_BYTES,
  type Want,
} from './krpc.ts'

/** 1,024 tokens hold the 512 peers that fit into 4 KB; 16 levels more than any item in use. */
const LIMITS = { depthMax: 16, tokensMax: 1024, keyOrder: 'any' } as const
const ID_BYTES = 20
const SEQUENCE_MAX = 2n ** 63n - 1n
/** BEP 51 caps the interval at six hours. */
const SAMPLE_INTERVAL_LIMIT_SECONDS = 21_600

// Decoding is synchronous and calls nobody back, so that one reader serves all datagrams.
const reader = new BencodeReader(LIMITS)

/**
 * Reads one datagram.
 *
 * @param bytes lent; the byte fields of the result are views of it, addresses are copies.
 * @throws WireError where no message can be made of it: it deserves no answer. A query that deserves an
 *   error message comes as method `other`.
 */
export function decodeKrpc(bytes: Uint8Array): KrpcMessage {
  if (bytes.length > KRPC_LIMIT_BYTES) throw new WireError('krpc-too-long', KRPC_LIMIT_BYTES)
  const root = reader.scan(bytes)
  if (reader.kind(root) !== 'dictionary') throw new WireError('krpc-no-dictionary', 0)
  const transaction = reader.findString(root, 't')
  if (transaction === undefined || transaction.length === 0) {
    throw new WireError('krpc-no-transaction', 0)
  }
  const version = reader.findString(root, 'v')
  const kind = reader.find(root, 'y')
  if (kind === undefined) throw new WireError('krpc-no-kind', 0)
  if (reader.isText(kind, 'q')) return readQuery(root, transaction, version)
  // Longer ones were never ours, whatever else the message says.
  if (transaction.length > TRANSACTION_LIMIT_BYTES) {
    throw new WireError('krpc-transaction-too-long', 0)
  }
  if (reader.isText(kind, 'r')) return readResponse(root, transaction, version)
  if (reader.isText(kind, 'e')) return readError(root, transaction, version)
  throw new WireError('krpc-unknown-kind', reader.range(kind).start)
}

type Bytes = Uint8Array | undefined

function readQuery(root: BencodeNode, transaction: Uint8Array, version: Bytes): KrpcQuery {
  const method = reader.findKind(root, 'q', 'string')
  if (method === undefined) throw new WireError('krpc-no-method', 0)
  const isReadOnly = reader.findInteger(root, 'ro') === 1
  const envelope: QueryEnvelope = { transaction, version, isReadOnly, method }
  const a = reader.findKind(root, 'a', 'dictionary')
  if (a === undefined) return otherQuery(envelope, undefined, 203)
  const id = fixedString(a, 'id', ID_BYTES)
  if (id === undefined || transaction.length > TRANSACTION_LIMIT_BYTES) {
    return otherQuery(envelope, a, 203)
  }
  if (reader.isText(method, 'get_peers')) return readGetPeers(envelope, a, id)
  if (reader.isText(method, 'find_node')) return readTarget(envelope, a, id, 'find_node')
  if (reader.isText(method, 'ping')) {
    return { kind: 'query', transaction, version, isReadOnly, method: 'ping', id }
  }
  if (reader.isText(method, 'announce_peer')) return readAnnounce(envelope, a, id)
  if (reader.isText(method, 'get')) return readGet(envelope, a, id)
  if (reader.isText(method, 'put')) return readPut(envelope, a, id)
  if (reader.isText(method, 'sample_infohashes')) {
    return readTarget(envelope, a, id, 'sample_infohashes')
  }
  return otherQuery(envelope, a, 204)
}

interface QueryEnvelope {
  readonly transaction: Uint8Array
  readonly version: Bytes
  readonly isReadOnly: boolean
  readonly method: BencodeNode
}

function otherQuery(
  { transaction, version, isReadOnly, method }: QueryEnvelope,
  a: BencodeNode | undefined,
  fault: OtherQuery['fault'],
): OtherQuery {
  const name = reader.text(method).slice(0, KRPC_TEXT_LIMIT)
  const base = { kind: 'query', transaction, version, isReadOnly, method: 'other' } as const
  if (a === undefined) return { ...base, name, fault, id: undefined, target: undefined }
  return {
    ...base,
    name,
    fault,
    id: fixedString(a, 'id', ID_BYTES),
    target: fixedString(a, 'target', ID_BYTES) ?? fixedString(a, 'info_hash', ID_BYTES),
    want: readWant(a),
  }
}

function readTarget(
  envelope: QueryEnvelope,
  a: BencodeNode,
  id: Uint8Array,
  method: 'find_node' | 'sample_infohashes',
): KrpcQuery {
  const { transaction, version, isReadOnly } = envelope
  const target = fixedString(a, 'target', ID_BYTES)
  if (target === undefined) return otherQuery(envelope, a, 203)
  const want = readWant(a)
  return { kind: 'query', transaction, version, isReadOnly, method, id, target, want }
}

function readGetPeers(envelope: QueryEnvelope, a: BencodeNode, id: Uint8Array): KrpcQuery {
  const infohash = fixedString(a, 'info_hash', ID_BYTES)
  if (infohash === undefined) return otherQuery(envelope, a, 203)
  return {
    kind: 'query',
    transaction: envelope.transaction,
    version: envelope.version,
    isReadOnly: envelope.isReadOnly,
    method: 'get_peers',
    id,
    infohash,
    want: readWant(a),
    isNoSeed: reader.findInteger(a, 'noseed') === 1,
    isScrape: reader.findInteger(a, 'scrape') === 1,
  }
}

function readAnnounce(envelope: QueryEnvelope, a: BencodeNode, id: Uint8Array): KrpcQuery {
  const infohash = fixedString(a, 'info_hash', ID_BYTES)
  const token = readToken(a)
  const isPortImplied = (reader.findInteger(a, 'implied_port') ?? 0) !== 0
  const port = isPortImplied ? 0 : (reader.findInteger(a, 'port') ?? 0)
  const isPortValid = isPortImplied || (port > 0 && port < 65_536)
  if (infohash === undefined || token === undefined || !isPortValid) {
    return otherQuery(envelope, a, 203)
  }
  return {
    kind: 'query',
    transaction: envelope.transaction,
    version: envelope.version,
    isReadOnly: envelope.isReadOnly,
    method: 'announce_peer',
    id,
    infohash,
    port,
    isPortImplied,
    isSeed: reader.findInteger(a, 'seed') === 1,
    token,
  }
}

function readGet(envelope: QueryEnvelope, a: BencodeNode, id: Uint8Array): KrpcQuery {
  const { transaction, version, isReadOnly } = envelope
  const target = fixedString(a, 'target', ID_BYTES)
  if (target === undefined) return otherQuery(envelope, a, 203)
  const sequence = readSequence(a, 'seq')
  const want = readWant(a)
  const method = 'get'
  return { kind: 'query', transaction, version, isReadOnly, method, id, target, sequence, want }
}

function readPut(envelope: QueryEnvelope, a: BencodeNode, id: Uint8Array): KrpcQuery {
  const { transaction, version, isReadOnly } = envelope
  const token = readToken(a)
  const item = reader.find(a, 'v')
  if (token === undefined || item === undefined) return otherQuery(envelope, a, 203)
  const value = reader.raw(item)
  if (value.length > ITEM_LIMIT_BYTES) return otherQuery(envelope, a, 205)
  const mutable = readMutable(a)
  if (typeof mutable === 'number') return otherQuery(envelope, a, mutable)
  const method = 'put'
  return { kind: 'query', transaction, version, isReadOnly, method, id, token, value, mutable }
}

/** The fields of a mutable item, `undefined` for an immutable one, or the code of what is wrong. */
function readMutable(a: BencodeNode): MutableFields | undefined | 203 | 207 {
  if (reader.find(a, 'k') === undefined) return undefined
  const key = fixedString(a, 'k', 32)
  const signature = fixedString(a, 'sig', 64)
  const sequence = readSequence(a, 'seq')
  if (key === undefined || signature === undefined || sequence === undefined) return 203
  const salt = reader.findString(a, 'salt')
  if (salt !== undefined && salt.length > SALT_LIMIT_BYTES) return 207
  const saltOrNone = salt === undefined || salt.length === 0 ? undefined : salt
  return { key, signature, sequence, salt: saltOrNone, cas: readSequence(a, 'cas') }
}

function readResponse(root: BencodeNode, transaction: Uint8Array, version: Bytes): KrpcResponse {
  const r = reader.findKind(root, 'r', 'dictionary')
  if (r === undefined) throw new WireError('krpc-no-return', 0)
  const id = fixedString(r, 'id', ID_BYTES)
  if (id === undefined) throw new WireError('krpc-no-id', reader.range(r).start)
  const interval = reader.findInteger(r, 'interval')
  return {
    kind: 'response',
    transaction,
    version,
    id,
    ip: readIp(root),
    nodes: multipleOf(reader.findString(r, 'nodes'), 26),
    nodes6: multipleOf(reader.findString(r, 'nodes6'), 38),
    peers: readPeers(r),
    token: readToken(r),
    seedFilter: fixedString(r, 'BFsd', 256),
    peerFilter: fixedString(r, 'BFpe', 256),
    key: fixedString(r, 'k', 32),
    signature: fixedString(r, 'sig', 64),
    sequence: readSequence(r, 'seq'),
    value: readItem(r),
    samples: multipleOf(reader.findString(r, 'samples'), ID_BYTES),
    sampleTotal: natural(reader.findInteger(r, 'num')),
    sampleIntervalSeconds:
      interval === undefined
        ? undefined
        : Math.min(Math.max(interval, 0), SAMPLE_INTERVAL_LIMIT_SECONDS),
  }
}

function readError(root: BencodeNode, transaction: Uint8Array, version: Bytes): KrpcError {
  const list = reader.findKind(root, 'e', 'list')
  const first = list === undefined ? undefined : reader.firstChild(list)
  let code = 0
  let message = ''
  if (list !== undefined && first !== undefined && reader.kind(first) === 'integer') {
    code = reader.integer(first) ?? 0
    const second = reader.nextChild(list, first)
    if (second !== undefined && reader.kind(second) === 'string') {
      message = new TextDecoder().decode(reader.string(second).subarray(0, KRPC_TEXT_LIMIT))
    }
  }
  return { kind: 'error', transaction, version, code, message, ip: readIp(root) }
}

function readIp(root: BencodeNode): Address | undefined {
  const compact = reader.findString(root, 'ip')
  if (compact?.length === 6) return parseEndpoint(compact, 0, 4)
  return compact?.length === 18 ? parseEndpoint(compact, 0, 16) : undefined
}

function readPeers(r: BencodeNode): readonly Address[] | undefined {
  const values = reader.findKind(r, 'values', 'list')
  if (values === undefined) return undefined
  const peers: Address[] = []
  let node = reader.firstChild(values)
  while (node !== undefined) {
    const peer = reader.kind(node) === 'string' ? readPeer(reader.string(node)) : undefined
    if (peer !== undefined) peers.push(peer)
    node = reader.nextChild(values, node)
  }
  return peers
}

function readPeer(compact: Uint8Array): Address | undefined {
  if (compact.length === 6) return parseEndpoint(compact, 0, 4)
  return compact.length === 18 ? parseEndpoint(compact, 0, 16) : undefined
}

function readItem(r: BencodeNode): Bytes {
  const node = reader.find(r, 'v')
  if (node === undefined) return undefined
  const value = reader.raw(node)
  return value.length > ITEM_LIMIT_BYTES ? undefined : value
}

function readWant(a: BencodeNode): Want | undefined {
  const list = reader.findKind(a, 'want', 'list')
  if (list === undefined) return undefined
  let wants4 = false
  let wants6 = false
  let node = reader.firstChild(list)
  while (node !== undefined) {
    wants4 ||= reader.isText(node, 'n4')
    wants6 ||= reader.isText(node, 'n6')
    node = reader.nextChild(list, node)
  }
  if (wants4) return wants6 ? 'both' : 'n4'
  return wants6 ? 'n6' : undefined
}

/** An integer from 0 to 2^63-1; anything else counts as absent. */
function readSequence(dictionary: BencodeNode, key: string): bigint | undefined {
  const node = reader.findKind(dictionary, key, 'integer')
  if (node === undefined) return undefined
  const sequence = reader.bigInteger(node)
  return sequence >= 0n && sequence <= SEQUENCE_MAX ? sequence : undefined
}

function readToken(dictionary: BencodeNode): Bytes {
  const token = reader.findString(dictionary, 'token')
  return token !== undefined && token.length <= TOKEN_LIMIT_BYTES ? token : undefined
}

function fixedString(dictionary: BencodeNode, key: string, size: number): Bytes {
  const bytes = reader.findString(dictionary, key)
  return bytes !== undefined && bytes.length === size ? bytes : undefined
}

/** `bytes` without what is left over of a last, broken entry. */
function multipleOf(bytes: Bytes, size: number): Bytes {
  if (bytes === undefined || bytes.length % size === 0) return bytes
  return bytes.subarray(0, bytes.length - (bytes.length % size))
}

function natural(value: number | undefined): number | undefined {
  return value === undefined || value < 0 ? undefined : value
}
