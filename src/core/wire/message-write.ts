// Writes messages between peers into a ByteWriter, one after another, so that a batch leaves as one run.
import { assert } from '../bytes/index.ts'
import type { ByteWriter } from './byte-writer.ts'
import { BLOCK_LIMIT_BYTES, type HashRange, MESSAGE } from './message.ts'

export function writeKeepAlive(writer: ByteWriter): void {
  writer.uint32(0)
}

/** A message that is nothing but its number. */
export function writeSignal(
  writer: ByteWriter,
  signal: 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone',
): void {
  writer.uint32(1)
  writer.byte(MESSAGE[signal])
}

/** A message about one whole piece. */
export function writePieceIndex(
  writer: ByteWriter,
  message: 'have' | 'suggest' | 'allowedFast',
  piece: number,
): void {
  writer.uint32(5)
  writer.byte(MESSAGE[message])
  writer.uint32(piece)
}

/** `bits` are those of a BitField. */
export function writeBitfield(writer: ByteWriter, bits: Uint8Array): void {
  writer.uint32(1 + bits.length)
  writer.byte(MESSAGE.bitfield)
  writer.bytes(bits)
}

/** Asks for a block: 17 bytes. */
export function writeRequest(writer: ByteWriter, piece: number, begin: number, size: number): void {
  writeBlockMessage(writer, MESSAGE.request, piece, begin, size)
}

export function writeCancel(writer: ByteWriter, piece: number, begin: number, size: number): void {
  writeBlockMessage(writer, MESSAGE.cancel, piece, begin, size)
}

/** Only to a peer with the fast extension. @see BEP 6 */
export function writeReject(writer: ByteWriter, piece: number, begin: number, size: number): void {
  writeBlockMessage(writer, MESSAGE.reject, piece, begin, size)
}

function writeBlockMessage(
  writer: ByteWriter,
  id: number,
  piece: number,
  begin: number,
  size: number,
): void {
  writer.uint32(13)
  writer.byte(id)
  writer.uint32(piece)
  writer.uint32(begin)
  writer.uint32(size)
}

/** The 13 bytes before a block; its `size` bytes must be what is sent next. */
export function writePieceHead(
  writer: ByteWriter,
  piece: number,
  begin: number,
  size: number,
): void {
  assert(size > 0 && size <= BLOCK_LIMIT_BYTES, 'a block that nobody reads')
  writer.uint32(9 + size)
  writer.byte(MESSAGE.piece)
  writer.uint32(piece)
  writer.uint32(begin)
}

/** Where our DHT node listens. */
export function writePort(writer: ByteWriter, port: number): void {
  writer.uint32(3)
  writer.byte(MESSAGE.port)
  writer.uint16(port)
}

/** `extensionId` is the peer's number for the extension, 0 for the extension handshake. */
export function writeExtended(
  writer: ByteWriter,
  extensionId: number,
  ...payload: readonly Uint8Array[]
): void {
  let size = 2
  for (const part of payload) size += part.length
  writer.uint32(size)
  writer.byte(MESSAGE.extended)
  writer.byte(extensionId)
  for (const part of payload) writer.bytes(part)
}

export function writeHashRequest(writer: ByteWriter, range: HashRange): void {
  writeHashRange(writer, MESSAGE.hashRequest, range, 0)
}

export function writeHashReject(writer: ByteWriter, range: HashRange): void {
  writeHashRange(writer, MESSAGE.hashReject, range, 0)
}

/** `hashes`: those of the range, then the uncles, 32 bytes each. */
export function writeHashes(writer: ByteWriter, range: HashRange, hashes: Uint8Array): void {
  writeHashRange(writer, MESSAGE.hashes, range, hashes.length)
  writer.bytes(hashes)
}

function writeHashRange(
  writer: ByteWriter,
  id: number,
  range: HashRange,
  followingBytes: number,
): void {
  writer.uint32(49 + followingBytes)
  writer.byte(id)
  writer.bytes(range.piecesRoot)
  writer.uint32(range.baseLayer)
  writer.uint32(range.index)
  writer.uint32(range.count)
  writer.uint32(range.proofLayers)
}
