// What a torrent is: its files in one space of pieces, and the hashes that vouch for them (BEP 3, 47, 52).

/** The largest .torrent file that is read. */
export const TORRENT_FILE_LIMIT_BYTES = 64 * 1024 * 1024
/** The largest info dictionary, fetched from peers or read. 100 GiB in 64 KiB pieces need 32 MB. */
export const INFO_LIMIT_BYTES = 48 * 1024 * 1024
export const FILES_MAX = 100_000
/** Folders of a path and its file name. */
export const PATH_PARTS_MAX = 64
/** Of a path in UTF-8, all parts together. */
export const PATH_LIMIT_BYTES = 4096
export const PIECES_MAX = 2 ** 21
export const PIECE_SIZE_LIMIT_BYTES = 256 * 1024 * 1024
/** Of a v2 piece, and of every block that is hashed as a leaf. @see BEP 52 */
export const BLOCK_BYTES = 16_384

export interface MetainfoFile {
  /** Its place in `Metainfo.files`; padding files are counted. The indexes of a magnet's `so=`. */
  readonly index: number
  /**
   * The parts of its path as the torrent spells them, at least one. NOT safe as a file name: they may be
   * `..`, empty, absolute or too long. Without the torrent's name, unless it is the only file.
   */
  readonly path: readonly string[]
  readonly size: number
  /** Where its first byte lies in the space of pieces. */
  readonly offset: number
  /** Zeros between files, never stored or asked for. @see BEP 47 */
  readonly isPadding: boolean
  readonly isExecutable: boolean
  readonly isHidden: boolean
  /** The target of a symbolic link, relative to the torrent's folder, as raw as `path`; its size is 0. */
  readonly symlink?: readonly string[] | undefined
  /** 32 bytes: the root of the file's tree. Of every v2 and hybrid file that is neither empty nor padding. */
  readonly piecesRoot?: Uint8Array | undefined
}

export interface Metainfo {
  /** For people, and the folder's or only file's name; as raw as the paths. */
  readonly name: string
  readonly version: 'v1' | 'v2' | 'hybrid'
  /** One file that lies in no folder of its own. */
  readonly isSingleFile: boolean
  readonly isPrivate: boolean
  /** At least one, in the order of the space of pieces. */
  readonly files: readonly MetainfoFile[]
  /** Bytes of every piece but the last one (v2 without v1: the last one of each file). */
  readonly pieceSize: number
  readonly pieceCount: number
  /** Bytes of all files, padding not counted: what a user calls the torrent's size. */
  readonly totalSize: number
  /** Where the last file ends in the space of pieces, padding and gaps counted. */
  readonly spaceSize: number
  /** 20 bytes a piece. Absent in v2. */
  readonly pieceHashes?: Uint8Array | undefined
  /**
   * By the pieces root of a file (hex): 32 bytes a piece, checked against that root. Only files longer
   * than a piece have one; from an info dictionary alone there are none, and peers are asked for them.
   */
  readonly pieceLayers: ReadonlyMap<string, Uint8Array>
  /** The info dictionary as it stood, owned by the metainfo. */
  readonly infoBytes: Uint8Array
  /** 20 bytes, SHA-1 of `infoBytes`. Absent in v2. */
  readonly infohash1?: Uint8Array | undefined
  /** 32 bytes, SHA-256 of `infoBytes`. Absent in v1. */
  readonly infohash2?: Uint8Array | undefined
  /** 20 bytes, what peers and the DHT call the torrent: `infohash1`, else `infohash2` cut short. */
  readonly infohash: Uint8Array
  /** Where the torrent says that peers may be found. Used only by those who opt in. */
  readonly sources: MetainfoSources
}

export interface MetainfoSources {
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
}

/** Bytes of piece `index`: of the last one, and in v2 of the last one of each file, what is there. */
export function pieceSizeAt(metainfo: Metainfo, index: number): number {
  const start = index * metainfo.pieceSize
  const end = Math.min(start + metainfo.pieceSize, metainfo.spaceSize)
  if (metainfo.version !== 'v2') return end - start
  const file = metainfo.files[fileIndexAt(metainfo, start)]
  return file === undefined ? 0 : Math.min(end, file.offset + file.size) - start
}

/** The index of the last file that starts at or before `offset` and is not empty. */
export function fileIndexAt(metainfo: Metainfo, offset: number): number {
  const { files } = metainfo
  let low = 0
  let high = files.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((files[middle] as MetainfoFile).offset <= offset) low = middle
    else high = middle - 1
  }
  // Empty files share their offset with the file after them, or with the end of the one before.
  while (low > 0 && (files[low] as MetainfoFile).size === 0) low--
  return low
}
