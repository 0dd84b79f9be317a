// The resume record: which pieces are, for certain, whole and right in their files, and which files are
// ours. It vouches only for what an fsync has put there, so that neither kill -9 nor a power loss makes it
// lie; whatever else is on the disk is hashed at the next start. A file is named ours before its first
// byte is written: a torn file of ours is mended, somebody else's of the same name is left alone.
import { BitField, readUint32, writeUint32 } from '../bytes/index.ts'
import type { Layout } from './layout.ts'

// "TLR" and the version of the form.
const MAGIC = 0x544c5202
const HEAD_BYTES = 12

export interface Resume {
  /** Pieces. */
  readonly vouched: BitField
  /** Files that this store has written to, or found a right piece in. */
  readonly ours: BitField
}

/** @returns the magic, piece size and piece count as 32-bit big-endian numbers, then the bit fields. */
export function encodeResume(layout: Layout, { vouched, ours }: Resume): Uint8Array {
  const record = new Uint8Array(HEAD_BYTES + vouched.bytes.length + ours.bytes.length)
  writeUint32(record, 0, MAGIC)
  writeUint32(record, 4, layout.pieceBytes)
  writeUint32(record, 8, layout.pieceCount)
  record.set(vouched.bytes, HEAD_BYTES)
  record.set(ours.bytes, HEAD_BYTES + vouched.bytes.length)
  return record
}

/** What `record` says; `undefined` where it is of another form or another torrent. */
export function decodeResume(layout: Layout, record: Uint8Array): Resume | undefined {
  const filesAt = HEAD_BYTES + ((layout.pieceCount + 7) >> 3)
  const isOurs =
    record.length === filesAt + ((layout.files.length + 7) >> 3) &&
    readUint32(record, 0) === MAGIC &&
    readUint32(record, 4) === layout.pieceBytes &&
    readUint32(record, 8) === layout.pieceCount
  if (!isOurs) return undefined
  return {
    vouched: new BitField(layout.pieceCount, record.slice(HEAD_BYTES, filesAt)),
    ours: new BitField(layout.files.length, record.slice(filesAt)),
  }
}
