// The extension protocol (BEP 10): who speaks which extension under which number, and the payloads of
// the three that we speak: metadata exchange (BEP 9), peer exchange (BEP 11) and `lt_donthave` (BEP 54).
import { readUint32, writeUint32 } from '../bytes/index.ts'
import { type BencodeNode, BencodeReader } from './bencode.ts'
import { type BencodeInput, encodeBencode } from './bencode-value.ts'
import { WireError } from './errors.ts'
import { BLOCK_BYTES, INFO_LIMIT_BYTES } from './metainfo.ts'

/** Extensions of one peer that are kept; clients announce about ten. */
export const EXTENSIONS_MAX = 64
/** Bytes of an extension's name and of the client's. */
export const EXTENSION_NAME_LIMIT_BYTES = 64
/** The metadata is exchanged in pieces of this size, the last one shorter. @see BEP 9 */
export const METADATA_PIECE_BYTES = BLOCK_BYTES
/** Pieces of the largest metadata. */
export const METADATA_PIECES_MAX = INFO_LIMIT_BYTES / METADATA_PIECE_BYTES

const LIMITS = { depthMax: 8, tokensMax: 512, keyOrder: 'any' } as const
/** `reqq` beyond this says nothing more. */
const REQUESTS_MAX = 65_535

// Decoding is synchronous and calls nobody back, so that one reader serves all peers.
const reader = new BencodeReader(LIMITS)

/** What a peer says of itself. Everything may be absent, and nothing has to be true. */
export interface ExtensionHandshake {
  /** By the extension's name, e.g. `ut_metadata`: the peer's number for it, 1–255; 0: switched off. */
  readonly extensions: ReadonlyMap<string, number>
  /** 1 to `INFO_LIMIT_BYTES`; what is beyond counts as absent. */
  readonly metadataSize?: number | undefined
  /** How many requests the peer keeps waiting (`reqq`), 1–65535. */
  readonly requestsMax?: number | undefined
  /** Name and version (`v`), cut at `EXTENSION_NAME_LIMIT_BYTES`. */
  readonly client?: string | undefined
  /** Where the peer listens (`p`), 1–65535. */
  readonly port?: number | undefined
  /** 4 or 16 bytes: how the peer sees us. A copy. */
  readonly yourIp?: Uint8Array | undefined
  /** The peer wants nothing (BEP 21). */
  readonly isUploadOnly: boolean
}

/**
 * Reads the payload of extension message 0. Values of the wrong kind or range count as absent.
 *
 * @throws WireError where it is no dictionary within the limits.
 */
export function decodeExtensionHandshake(payload: Uint8Array): ExtensionHandshake {
  const root = scanDictionary(payload)
  return {
    extensions: readExtensions(root),
    metadataSize: inRange(reader.findInteger(root, 'metadata_size'), 1, INFO_LIMIT_BYTES),
    requestsMax: inRange(reader.findInteger(root, 'reqq'), 1, REQUESTS_MAX),
    client: readClient(root),
    port: inRange(reader.findInteger(root, 'p'), 1, 65_535),
    yourIp: readIp(root, 'yourip'),
    isUploadOnly: reader.findInteger(root, 'upload_only') === 1,
  }
}

/** The payload of extension message 0, freshly made. What is absent is not said. */
export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  const members: { [key: string]: BencodeInput | undefined } = {
    m: handshake.extensions,
    metadata_size: handshake.metadataSize,
    p: handshake.port,
    reqq: handshake.requestsMax,
    upload_only: handshake.isUploadOnly ? 1 : undefined,
    v: handshake.client,
    yourip: handshake.yourIp,
  }
  return encodeBencode(members)
}

function readExtensions(root: BencodeNode): ReadonlyMap<string, number> {
  const extensions = new Map<string, number>()
  const m = reader.findKind(root, 'm', 'dictionary')
  if (m === undefined) return extensions
  for (const [key, value] of reader.entries(m)) {
    if (extensions.size === EXTENSIONS_MAX) break
    const { start, end } = reader.range(key)
    if (end - start > EXTENSION_NAME_LIMIT_BYTES || reader.kind(value) !== 'integer') continue
    const id = inRange(reader.integer(value), 0, 255)
    if (id !== undefined) extensions.set(reader.text(key), id)
  }
  return extensions
}

function readClient(root: BencodeNode): string | undefined {
  const bytes = reader.findString(root, 'v')
  if (bytes === undefined) return undefined
  return new TextDecoder().decode(bytes.subarray(0, EXTENSION_NAME_LIMIT_BYTES))
}

function readIp(root: BencodeNode, key: string): Uint8Array | undefined {
  const ip = reader.findString(root, key)
  return ip?.length === 4 || ip?.length === 16 ? ip.slice() : undefined
}

/** @see BEP 9 */
export type MetadataMessage =
  | { readonly kind: 'request'; readonly piece: number }
  | { readonly kind: 'reject'; readonly piece: number }
  | {
      readonly kind: 'data'
      readonly piece: number
      /** Of all pieces together, 1 to `INFO_LIMIT_BYTES`; its sender's word. */
      readonly totalSize: number
      /** 1 to `METADATA_PIECE_BYTES` bytes, lent. */
      readonly bytes: Uint8Array
    }

/**
 * Reads a payload of `ut_metadata`.
 *
 * @returns `undefined` for a kind that we do not know, which BEP 9 wants ignored.
 * @throws WireError where it is malformed or the piece has no size that it could have.
 */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | undefined {
  const end = reader.scanPrefix(payload)
  if (reader.kind(0) !== 'dictionary') throw new WireError('extension-no-dictionary', 0)
  const type = reader.findInteger(0, 'msg_type')
  const piece = inRange(reader.findInteger(0, 'piece'), 0, METADATA_PIECES_MAX - 1)
  if (type === undefined || piece === undefined) throw new WireError('metadata-malformed', 0)
  if (type === 0) return { kind: 'request', piece }
  if (type === 2) return { kind: 'reject', piece }
  if (type !== 1) return undefined
  const totalSize = inRange(reader.findInteger(0, 'total_size'), 1, INFO_LIMIT_BYTES)
  if (totalSize === undefined) throw new WireError('metadata-malformed', 0)
  const bytes = payload.subarray(end)
  if (bytes.length !== metadataPieceSize(piece, totalSize)) {
    throw new WireError('metadata-piece-size-wrong', end)
  }
  return { kind: 'data', piece, totalSize, bytes }
}

/** The payload of a `ut_metadata` message, freshly made. */
export function encodeMetadataMessage(message: MetadataMessage): Uint8Array {
  const { kind, piece } = message
  if (kind === 'request') return encodeBencode({ msg_type: 0, piece })
  if (kind === 'reject') return encodeBencode({ msg_type: 2, piece })
  const head = encodeBencode({ msg_type: 1, piece, total_size: message.totalSize })
  const payload = new Uint8Array(head.length + message.bytes.length)
  payload.set(head)
  payload.set(message.bytes, head.length)
  return payload
}

/** How many bytes piece `piece` of metadata of `totalSize` bytes has; not positive where there is none. */
export function metadataPieceSize(piece: number, totalSize: number): number {
  return Math.min(METADATA_PIECE_BYTES, totalSize - piece * METADATA_PIECE_BYTES)
}

/** Reads a payload of `lt_donthave`: the piece that the peer has no more. @see BEP 54 */
export function decodeDontHave(payload: Uint8Array): number {
  if (payload.length !== 4) throw new WireError('dont-have-size-wrong', payload.length)
  return readUint32(payload, 0)
}

/** The payload of `lt_donthave`, freshly made. */
export function encodeDontHave(piece: number): Uint8Array {
  const payload = new Uint8Array(4)
  writeUint32(payload, 0, piece)
  return payload
}

function scanDictionary(payload: Uint8Array): BencodeNode {
  // Some clients let other bytes follow, which mean nothing.
  reader.scanPrefix(payload)
  if (reader.kind(0) !== 'dictionary') throw new WireError('extension-no-dictionary', 0)
  return 0
}

function inRange(value: number | undefined, low: number, high: number): number | undefined {
  return value !== undefined && value >= low && value <= high ? value : undefined
}
