// The messages between peers (BEP 3, 5, 6, 10, 52): their numbers and sizes, and a visitor for each.
// Cutting the stream into messages is `frame.ts`; writing them is `message-write.ts`.
import { readUint32 } from '../bytes/index.ts'
import { WireError } from './errors.ts'
import { BLOCK_BYTES, PIECES_MAX } from './metainfo.ts'

export const MESSAGE = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const

/** The largest block in a `piece` message: nobody may send more than is asked for, and we ask for this. */
export const BLOCK_LIMIT_BYTES = BLOCK_BYTES
/** The largest payload of an extension message: 16 KiB of metadata, a handshake, a few hundred peers. */
export const EXTENDED_LIMIT_BYTES = 65_536
/** Hashes of one layer in a `hashes` message; BEP 52 advises at most 512. */
export const HASHES_MAX = 4096
/** Layers above the requested one whose hashes may come along: more than any file has. */
export const PROOF_LAYERS_MAX = 48
/** The largest payload that is assembled at all: the bitfield of `PIECES_MAX` pieces. */
export const MESSAGE_LIMIT_BYTES = PIECES_MAX / 8

const HASH_BYTES = 32
const HASH_RANGE_BYTES = HASH_BYTES + 16
/** Of an unknown message, and of one whose size is its own affair. */
const UNKNOWN = -1
const VARIABLE = -2

/** Payload sizes without the message's number. */
const PAYLOAD_SIZES: Readonly<Record<keyof typeof MESSAGE, number>> = {
  choke: 0,
  unchoke: 0,
  interested: 0,
  notInterested: 0,
  have: 4,
  bitfield: VARIABLE,
  request: 12,
  piece: VARIABLE,
  cancel: 12,
  port: 2,
  suggest: 4,
  haveAll: 0,
  haveNone: 0,
  reject: 12,
  allowedFast: 4,
  extended: VARIABLE,
  hashRequest: HASH_RANGE_BYTES,
  hashes: VARIABLE,
  hashReject: HASH_RANGE_BYTES,
}

const SIZE_OF_ID = new Int16Array(256).fill(UNKNOWN)
for (const name of Object.keys(MESSAGE) as (keyof typeof MESSAGE)[]) {
  SIZE_OF_ID[MESSAGE[name]] = PAYLOAD_SIZES[name]
}

/** A run of hashes in the tree of one file. @see BEP 52 */
export interface HashRange {
  /** 32 bytes, lent. */
  readonly piecesRoot: Uint8Array
  /** 0: the hashes of the 16 KiB blocks; each layer above halves their number. */
  readonly baseLayer: number
  /** Of the first hash, in its layer. A stranger's: anything up to 2^32-1. */
  readonly index: number
  /** How many hashes, 1 to `HASHES_MAX`. */
  readonly count: number
  /** How many layers above the base layer bring an uncle along, 0 to `PROOF_LAYERS_MAX`. */
  readonly proofLayers: number
}

/**
 * Who listens to a peer. Numbers are what the stranger wrote, 0 to 2^32-1: whether a piece exists is for
 * the listener to check. Bytes are lent and change after the call.
 */
export interface MessageVisitor {
  onKeepAlive(): void
  onChoke(): void
  onUnchoke(): void
  onInterested(): void
  onNotInterested(): void
  onHave(piece: number): void
  /** Spare bits and the right size are for the listener to check, who knows how many pieces there are. */
  onBitfield(bits: Uint8Array): void
  onRequest(piece: number, begin: number, size: number): void
  onCancel(piece: number, begin: number, size: number): void
  /** The peer's DHT node listens here, 0–65535. */
  onPort(port: number): void
  onSuggest(piece: number): void
  onHaveAll(): void
  onHaveNone(): void
  onReject(piece: number, begin: number, size: number): void
  onAllowedFast(piece: number): void
  /** `extensionId` 0 is the extension handshake; other numbers are ours, as we announced them. */
  onExtended(extensionId: number, payload: Uint8Array): void
  onHashRequest(range: HashRange): void
  /** `hashes`: those of the range, then one uncle a layer, 32 bytes each; see `merkle.ts`. */
  onHashes(range: HashRange, hashes: Uint8Array): void
  onHashReject(range: HashRange): void
  /** A `piece` message begins: `size` (1 to `BLOCK_LIMIT_BYTES`) bytes of payload follow in runs. */
  onPieceStart(piece: number, begin: number, size: number): void
  /** The next bytes of the block are `chunk[from..to)`. */
  onPieceBytes(chunk: Uint8Array, from: number, to: number): void
  /** All bytes of the block were given. */
  onPieceEnd(): void
  /** A message of a kind that we do not know, passed over. */
  onUnknown(id: number, size: number): void
}

/** Whether the message `id` is one that `visitMessage` understands. */
export function isKnownMessage(id: number): boolean {
  return SIZE_OF_ID[id] !== UNKNOWN
}

/**
 * Judges a message by its head, before memory is spent on it.
 *
 * @param size bytes of its payload.
 * @throws WireError where a message `id` cannot have that size.
 */
export function checkMessageSize(id: number, size: number): void {
  if (size > MESSAGE_LIMIT_BYTES) throw new WireError('message-too-long', 0)
  const expected = SIZE_OF_ID[id] as number
  if (expected >= 0 && size !== expected) throw new WireError('message-size-wrong', 0)
  if (expected !== VARIABLE) return
  if (id === MESSAGE.extended && (size < 1 || size > EXTENDED_LIMIT_BYTES)) {
    throw new WireError('extended-size-wrong', 0)
  }
  if (id === MESSAGE.piece && (size < 9 || size > 8 + BLOCK_LIMIT_BYTES)) {
    throw new WireError('block-size-wrong', 0)
  }
}

/**
 * Reads the payload `bytes[from..to)` of any message but `piece` and tells the visitor.
 * The caller has called `checkMessageSize`.
 *
 * @throws WireError where the payload of a `hashes` message does not fit together.
 */
export function visitMessage(
  visitor: MessageVisitor,
  id: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  if (SIZE_OF_ID[id] === 0) {
    visitSignal(visitor, id)
    return
  }
  switch (id) {
    case MESSAGE.have:
      visitor.onHave(readUint32(bytes, from))
      break
    case MESSAGE.bitfield:
      visitor.onBitfield(bytes.subarray(from, to))
      break
    case MESSAGE.request:
      visitor.onRequest(word(bytes, from, 0), word(bytes, from, 1), word(bytes, from, 2))
      break
    case MESSAGE.cancel:
      visitor.onCancel(word(bytes, from, 0), word(bytes, from, 1), word(bytes, from, 2))
      break
    case MESSAGE.port:
      visitor.onPort(((bytes[from] as number) << 8) | (bytes[from + 1] as number))
      break
    case MESSAGE.suggest:
      visitor.onSuggest(readUint32(bytes, from))
      break
    case MESSAGE.reject:
      visitor.onReject(word(bytes, from, 0), word(bytes, from, 1), word(bytes, from, 2))
      break
    case MESSAGE.allowedFast:
      visitor.onAllowedFast(readUint32(bytes, from))
      break
    case MESSAGE.extended:
      visitor.onExtended(bytes[from] as number, bytes.subarray(from + 1, to))
      break
    case MESSAGE.hashRequest:
      visitor.onHashRequest(readHashRange(bytes, from))
      break
    case MESSAGE.hashes:
      visitHashes(visitor, bytes, from, to)
      break
    case MESSAGE.hashReject:
      visitor.onHashReject(readHashRange(bytes, from))
      break
    default:
      visitor.onUnknown(id, to - from)
  }
}

/** A message that is nothing but its number. */
function visitSignal(visitor: MessageVisitor, id: number): void {
  switch (id) {
    case MESSAGE.choke:
      visitor.onChoke()
      break
    case MESSAGE.unchoke:
      visitor.onUnchoke()
      break
    case MESSAGE.interested:
      visitor.onInterested()
      break
    case MESSAGE.notInterested:
      visitor.onNotInterested()
      break
    case MESSAGE.haveAll:
      visitor.onHaveAll()
      break
    case MESSAGE.haveNone:
      visitor.onHaveNone()
      break
  }
}

/** The `index`th 32-bit number of a payload. */
function word(bytes: Uint8Array, from: number, index: number): number {
  return readUint32(bytes, from + index * 4)
}

function readHashRange(bytes: Uint8Array, from: number): HashRange {
  const numbers = from + HASH_BYTES
  const range = {
    piecesRoot: bytes.subarray(from, numbers),
    baseLayer: word(bytes, numbers, 0),
    index: word(bytes, numbers, 1),
    count: word(bytes, numbers, 2),
    proofLayers: word(bytes, numbers, 3),
  }
  if (range.count < 1 || range.count > HASHES_MAX) throw new WireError('hash-count-wrong', 0)
  const layers = Math.max(range.proofLayers, range.baseLayer)
  if (layers > PROOF_LAYERS_MAX) throw new WireError('hash-layers-wrong', 0)
  return range
}

function visitHashes(visitor: MessageVisitor, bytes: Uint8Array, from: number, to: number): void {
  const hashesAt = from + HASH_RANGE_BYTES
  if (to < hashesAt) throw new WireError('hashes-truncated', 0)
  const range = readHashRange(bytes, from)
  const size = to - hashesAt
  const isWhole = size % HASH_BYTES === 0 && size >= range.count * HASH_BYTES
  if (!isWhole || size > (range.count + range.proofLayers) * HASH_BYTES) {
    throw new WireError('hashes-size-wrong', HASH_RANGE_BYTES)
  }
  visitor.onHashes(range, bytes.subarray(hashesAt, to))
}
