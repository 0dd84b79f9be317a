// Where the bytes of a torrent lie: its pieces are one long row of bytes, its files are stretches of it.
// Padding has a place in the row and none on the disk.
import { assert } from '../bytes/index.ts'
import { NameTree } from './names.ts'

/** One file as the metainfo gives it. @see MetainfoFile of room `wire` */
export interface FileEntry {
  /** Parts of the path as the torrent spells them, without the torrent's name. */
  readonly path: readonly string[]
  readonly size: number
  /** Its first byte in the row of pieces: v1 the sum of the files before, v2 the next piece's first. */
  readonly offset: number
  /** BEP 47: zeros that only push the next file to a piece's start. Never written. */
  readonly isPadding: boolean
  /** Present for a symbolic link, which is never made: it could lead out of the store directory. */
  readonly symlink?: readonly string[] | undefined
}

/** What of a metainfo matters here. */
export interface LayoutSource {
  readonly name: string
  /** One file, named like the torrent, and no folder round it. */
  readonly isSingleFile: boolean
  readonly pieceSize: number
  readonly files: readonly FileEntry[]
}

/** A stretch of one file that lies in one piece. Sizes and positions in bytes. */
export interface Span {
  readonly file: number
  readonly positionInFile: number
  readonly positionInPiece: number
  readonly size: number
}

export interface StoredFile {
  /** Below the store directory, `/` between its parts; empty for what is not stored. */
  readonly path: string
  readonly size: number
  readonly offset: number
  /** Padding and symbolic links: nothing of them is on the disk. */
  readonly isPadding: boolean
}

/** Pieces and files of one torrent, and the way from one to the other. */
export class Layout {
  readonly pieceBytes: number
  readonly pieceCount: number
  /** In the order of the metainfo. */
  readonly files: readonly StoredFile[]
  /** Indexes of files that have bytes, padding included, by their place in the row. */
  readonly #order: readonly number[]

  constructor(pieceBytes: number, files: readonly StoredFile[]) {
    this.pieceBytes = pieceBytes
    this.files = files
    const filled = files.map((_, index) => index).filter(index => this.file(index).size > 0)
    this.#order = filled.sort((a, b) => this.file(a).offset - this.file(b).offset)
    const last = this.#order.at(-1)
    const end = last === undefined ? 0 : this.file(last).offset + this.file(last).size
    this.pieceCount = Math.ceil(end / pieceBytes)
  }

  file(index: number): StoredFile {
    const file = this.files[index]
    assert(file !== undefined, 'file index outside of the torrent')
    return file
  }

  /** Bytes of the piece on the wire: a piece ends where the last file or padding in it does. */
  pieceSize(piece: number): number {
    const begin = piece * this.pieceBytes
    const end = begin + this.pieceBytes
    const last = this.file(this.#order[this.#firstFrom(end) - 1] as number)
    return Math.min(end, last.offset + last.size) - begin
  }

  /** The stretches of real files in `piece`, in order, padding left out. */
  spans(piece: number): Span[] {
    const begin = piece * this.pieceBytes
    const end = begin + this.pieceBytes
    const spans: Span[] = []
    let at = Math.max(0, this.#firstFrom(begin + 1) - 1)
    for (; at < this.#order.length; at++) {
      const index = this.#order[at] as number
      const file = this.file(index)
      if (file.offset >= end) break
      const from = Math.max(begin, file.offset)
      const size = Math.min(end, file.offset + file.size) - from
      if (file.isPadding || size <= 0) continue
      const positionInPiece = from - begin
      spans.push({ file: index, positionInFile: from - file.offset, positionInPiece, size })
    }
    return spans
  }

  /** The piece that holds the byte at `position` of `file`, which has that byte. */
  pieceAt(file: number, position: number): number {
    return Math.floor((this.file(file).offset + position) / this.pieceBytes)
  }

  /** How many files of `#order` begin before `offset`. */
  #firstFrom(offset: number): number {
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.file(this.#order[middle] as number).offset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The layout of a torrent, its files under safe names. @see names.ts */
export function layoutOf(source: LayoutSource): Layout {
  const names = new NameTree()
  const files = source.files.map(({ path, size, offset, isPadding, symlink }): StoredFile => {
    if (isPadding || symlink !== undefined) return { path: '', size, offset, isPadding: true }
    const parts = source.isSingleFile ? [source.name] : [source.name, ...path]
    return { path: names.fileAt(parts), size, offset, isPadding }
  })
  return new Layout(source.pieceSize, files)
}
