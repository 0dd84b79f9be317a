// The resume record: which pieces are, for certain, whole and right in their files. It vouches only for
// what an fsync has put there, so that neither kill -9 nor a power loss makes it lie; whatever else is on
// the disk is hashed at the next start.
import { BitField, readUint32, writeUint32 } from '../bytes/index.ts'
import type { Layout } from './layout.ts'

// "TLR" and the version of the form.
const MAGIC = 0x544c5201
const HEAD_BYTES = 12

/** @returns the magic, piece size and piece count as 32-bit big-endian numbers, then the bit field. */
export function encodeResume(layout: Layout, vouched: BitField): Uint8Array {
  const record = new Uint8Array(HEAD_BYTES + vouched.bytes.length)
  writeUint32(record, 0, MAGIC)
  writeUint32(record, 4, layout.pieceBytes)
  writeUint32(record, 8, layout.pieceCount)
  record.set(vouched.bytes, HEAD_BYTES)
  return record
}

/** The pieces that `record` vouches for; `undefined` where it is of another form or another torrent. */
export function decodeResume(layout: Layout, record: Uint8Array): BitField | undefined {
  const isOurs =
    record.length === HEAD_BYTES + ((layout.pieceCount + 7) >> 3) &&
    readUint32(record, 0) === MAGIC &&
    readUint32(record, 4) === layout.pieceBytes &&
    readUint32(record, 8) === layout.pieceCount
  return isOurs ? new BitField(layout.pieceCount, record.slice(HEAD_BYTES)) : undefined
}
