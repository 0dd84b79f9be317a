// Which pieces are there, as a bit field, and what that means for one file. Pure.
import type { FileView, PiecesView } from '../../src/api/index.ts'

/** 8 GiB in pieces of 16 KiB, doubled; a view that names more is not drawn. */
export const PIECES_MAX = 1_048_576

/** Bit 7 of byte 0 is piece 0, as in BEP 3. */
export interface Pieces {
  readonly count: number
  readonly bits: Uint8Array
  readonly inFlight: ReadonlySet<number>
}

export const noPieces: Pieces = { count: 0, bits: new Uint8Array(0), inFlight: new Set() }

/** Reads what the server sent; a bit field that is too short counts as missing from there on. */
export function piecesOf(view: PiecesView): Pieces {
  const count = Math.max(0, Math.min(PIECES_MAX, view.pieceCount))
  const bits = new Uint8Array(Math.ceil(count / 8))
  const binary = atob(view.verified)
  for (let index = 0; index < Math.min(binary.length, bits.length); index += 1) {
    bits[index] = binary.charCodeAt(index)
  }
  return { count, bits, inFlight: new Set(view.inFlight) }
}

export const isVerified = (pieces: Pieces, piece: number): boolean =>
  (((pieces.bits[piece >> 3] ?? 0) << (piece & 7)) & 0x80) !== 0

/** How many of the pieces `begin` to `end` (not included) are verified. */
export function verifiedCount(pieces: Pieces, begin: number, end: number): number {
  let count = 0
  for (let piece = begin; piece < Math.min(end, pieces.count); piece += 1) {
    if (isVerified(pieces, piece)) count += 1
  }
  return count
}

/** A stretch of a file, as shares of its length: 0 is its first byte, 1 the byte after its last. */
export interface Run {
  readonly begin: number
  readonly end: number
}

type Extent = Pick<FileView, 'bytes' | 'offsetBytes'>

/**
 * What of a file can be played now, in order and merged. At most one run for each 1/`resolution` of
 * the file, because a bar of so many pixels shows no more.
 */
export function verifiedRuns(
  pieces: Pieces,
  pieceBytes: number,
  file: Extent,
  resolution: number,
): Run[] {
  if (pieceBytes <= 0 || file.bytes <= 0) return []
  const first = Math.floor(file.offsetBytes / pieceBytes)
  const last = Math.floor((file.offsetBytes + file.bytes - 1) / pieceBytes)
  const shareAt = (piece: number): number =>
    Math.max(0, Math.min(1, (piece * pieceBytes - file.offsetBytes) / file.bytes))
  const runs: Run[] = []
  for (let piece = first; piece <= last; piece += 1) {
    if (!isVerified(pieces, piece)) continue
    const begin = shareAt(piece)
    const end = shareAt(piece + 1)
    const before = runs.at(-1)
    if (before !== undefined && begin - before.end < 0.5 / resolution) {
      runs[runs.length - 1] = { begin: before.begin, end }
    } else {
      runs.push({ begin, end })
    }
  }
  return runs
}

/** Bytes that a player at `positionBytes` of the file can read before it meets a gap. */
export function verifiedAheadBytes(
  pieces: Pieces,
  pieceBytes: number,
  file: Extent,
  positionBytes: number,
): number {
  if (pieceBytes <= 0) return 0
  const at = file.offsetBytes + positionBytes
  const end = file.offsetBytes + file.bytes
  let piece = Math.floor(at / pieceBytes)
  while (piece * pieceBytes < end && isVerified(pieces, piece)) piece += 1
  return Math.max(0, Math.min(end, piece * pieceBytes) - at)
}
