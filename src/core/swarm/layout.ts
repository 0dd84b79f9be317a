// How a torrent is cut: its bytes into pieces, its pieces into blocks, and the numbers that name them.
import { assert } from '../bytes/index.ts'
import { BLOCK_BYTES } from './pipeline.ts'

/**
 * The sizes of a torrent's pieces. A v1 or hybrid torrent is one run of bytes, of which only the last piece
 * is short; in a pure v2 torrent each file starts a piece, so the last piece of each file may be short.
 */
export interface PieceLayout {
  readonly pieceCount: number
  /** The size of every piece that is not short. */
  readonly pieceBytes: number
  /** The size of `piece`, 1 to `pieceBytes`. */
  sizeOf(piece: number): number
}

/** Names a block: `piece * blocksPerPiece + index`, at most 2^31 - 1. */
export type BlockNumber = number & { readonly brand?: 'block' }

/** The layout of a torrent whose bytes are one run: v1 and hybrid. */
export function layoutOf(torrent: { pieceBytes: number; totalBytes: number }): PieceLayout {
  const { pieceBytes, totalBytes } = torrent
  const pieceCount = Math.ceil(totalBytes / pieceBytes)
  return {
    pieceCount,
    pieceBytes,
    sizeOf: piece => Math.min(pieceBytes, totalBytes - piece * pieceBytes),
  }
}

const BLOCKS_MAX = 0x7fffffff

/** Block numbers of one layout, and what they stand for. */
export class Blocks {
  readonly layout: PieceLayout
  readonly perPiece: number

  /** @throws AssertionError above 2^31 - 1 blocks (32 TiB): metainfo of that size is refused before. */
  constructor(layout: PieceLayout) {
    this.layout = layout
    this.perPiece = Math.ceil(layout.pieceBytes / BLOCK_BYTES)
    assert(layout.pieceCount * this.perPiece <= BLOCKS_MAX, 'too many blocks to number')
  }

  pieceOf(block: BlockNumber): number {
    return Math.floor(block / this.perPiece)
  }

  /** Where `block` starts inside its piece, in bytes. */
  beginOf(block: BlockNumber): number {
    return (block % this.perPiece) * BLOCK_BYTES
  }

  /** 16 KiB, or less at the end of a piece. */
  bytesOf(block: BlockNumber): number {
    const left = this.layout.sizeOf(this.pieceOf(block)) - this.beginOf(block)
    return Math.min(BLOCK_BYTES, left)
  }

  /** How many blocks `piece` has: fewer than `perPiece` where it is short. */
  countOf(piece: number): number {
    return Math.ceil(this.layout.sizeOf(piece) / BLOCK_BYTES)
  }

  /** The block that starts at `begin` in `piece`, or -1: a stranger named these numbers. */
  at(piece: number, begin: number): BlockNumber {
    if (piece >= this.layout.pieceCount || begin % BLOCK_BYTES !== 0) return -1
    if (begin >= this.layout.sizeOf(piece)) return -1
    return piece * this.perPiece + begin / BLOCK_BYTES
  }
}
