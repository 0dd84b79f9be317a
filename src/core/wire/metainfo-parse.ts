// A .torrent file, or an info dictionary as peers send it, read into a Metainfo (BEP 3, 9, 47, 52).
import { equalBytes, toHex } from '../bytes/index.ts'
import type { Digests } from '../world/index.ts'
import { type BencodeNode, BencodeReader } from './bencode.ts'
import { WireError } from './errors.ts'
import { HASH_BYTES, rootOf, widthFor } from './merkle.ts'
import {
  BLOCK_BYTES,
  INFO_LIMIT_BYTES,
  type Metainfo,
  type MetainfoFile,
  type MetainfoSources,
  PATH_LIMIT_BYTES,
  PATH_PARTS_MAX,
  PIECE_SIZE_LIMIT_BYTES,
  PIECES_MAX,
  TORRENT_FILE_LIMIT_BYTES,
} from './metainfo.ts'
import { decodeText, type FileEntry, readFileList, readFileTree } from './metainfo-files.ts'

/** Eight tokens describe a v2 file, so that 100,000 files and their folders fit. */
const LIMITS = { depthMax: PATH_PARTS_MAX + 16, tokensMax: 2_000_000, keyOrder: 'any' } as const
/** Trackers, web seeds and nodes of each kind that are kept, and the length of one. */
const SOURCES_MAX = 200
const SOURCE_LIMIT_BYTES = 2048
const SHA1_BYTES = 20

/**
 * Reads a .torrent file. What follows its dictionary is ignored, as other clients do.
 *
 * @param bytes may be lent: nothing of them is kept.
 * @throws WireError where it describes no torrent, exceeds a limit, or contradicts itself (v1 and v2 of a
 *   hybrid, piece layers and their roots).
 */
export function parseTorrentFile(bytes: Uint8Array, digests: Digests): Metainfo {
  if (bytes.length > TORRENT_FILE_LIMIT_BYTES) {
    throw new WireError('metainfo-too-long', TORRENT_FILE_LIMIT_BYTES)
  }
  const reader = new BencodeReader(LIMITS)
  reader.scanPrefix(bytes)
  if (reader.kind(0) !== 'dictionary') throw new WireError('metainfo-no-dictionary', 0)
  const info = reader.findKind(0, 'info', 'dictionary')
  if (info === undefined) throw new WireError('metainfo-no-info', 0)
  const metainfo = readInfo(reader, info, { digests, sources: readSources(reader) })
  const layers = readLayers(reader, metainfo, digests)
  return { ...metainfo, pieceLayers: layers }
}

/**
 * Reads an info dictionary alone. That its hash is the wanted one is for the caller to compare, with
 * `infohash1` or `infohash2` of the result.
 *
 * @param bytes may be lent: nothing of them is kept.
 * @throws WireError as `parseTorrentFile` does.
 */
export function parseInfo(bytes: Uint8Array, digests: Digests): Metainfo {
  const reader = new BencodeReader(LIMITS)
  const info = reader.scan(bytes)
  if (reader.kind(info) !== 'dictionary') throw new WireError('metainfo-no-dictionary', 0)
  const sources = { trackers: [], webSeeds: [], nodes: [] }
  return readInfo(reader, info, { digests, sources })
}

function readInfo(
  reader: BencodeReader,
  info: BencodeNode,
  { digests, sources }: { digests: Digests; sources: MetainfoSources },
): Metainfo {
  const infoBytes = reader.raw(info).slice()
  if (infoBytes.length > INFO_LIMIT_BYTES) throw new WireError('metainfo-info-too-long', 0)
  const metaVersion = reader.findInteger(info, 'meta version') ?? 1
  if (metaVersion !== 1 && metaVersion !== 2) throw new WireError('metainfo-newer-version', 0)
  const name = readName(reader, info)
  const pieceSize = readPieceSize(reader, info, metaVersion)
  const list = readFileList(reader, info, name)
  const tree = metaVersion === 2 ? readFileTree(reader, info) : undefined
  if (list === undefined && tree === undefined) throw new WireError('metainfo-no-files', 0)
  const files =
    list === undefined
      ? placeTree(tree as FileEntry[], pieceSize)
      : placeList(tree === undefined ? list : joinHybrid(list, tree, pieceSize))
  const last = files.at(-1) as MetainfoFile
  const spaceSize = last.offset + last.size
  const pieceCount = Math.ceil(spaceSize / pieceSize)
  if (pieceCount > PIECES_MAX || spaceSize > Number.MAX_SAFE_INTEGER) {
    throw new WireError('metainfo-too-many-pieces', 0)
  }
  const infohash1 = list === undefined ? undefined : digests.sha1(infoBytes)
  const infohash2 = tree === undefined ? undefined : digests.sha256(infoBytes)
  return {
    name,
    version: list === undefined ? 'v2' : tree === undefined ? 'v1' : 'hybrid',
    isSingleFile: isSingleFile(reader, info, files),
    isPrivate: reader.findInteger(info, 'private') === 1,
    files,
    pieceSize,
    pieceCount,
    totalSize: files.reduce((sum, file) => sum + (file.isPadding ? 0 : file.size), 0),
    spaceSize,
    pieceHashes: list === undefined ? undefined : readPieces(reader, info, pieceCount),
    pieceLayers: new Map(),
    infoBytes,
    infohash1,
    infohash2,
    infohash: infohash1 ?? (infohash2 as Uint8Array).slice(0, SHA1_BYTES),
    sources,
  }
}

function readName(reader: BencodeReader, info: BencodeNode): string {
  const bytes = reader.findString(info, 'name.utf-8') ?? reader.findString(info, 'name')
  if (bytes === undefined) throw new WireError('metainfo-no-name', 0)
  if (bytes.length > PATH_LIMIT_BYTES) throw new WireError('metainfo-path-too-long', 0)
  return decodeText(bytes)
}

function readPieceSize(reader: BencodeReader, info: BencodeNode, metaVersion: number): number {
  const size = reader.findInteger(info, 'piece length') ?? 0
  const isPowerOfTwo = size === widthFor(Math.min(Math.max(size, 1), 2 ** 31))
  if (size < 1 || size > PIECE_SIZE_LIMIT_BYTES) throw new WireError('metainfo-piece-size-wrong', 0)
  if (metaVersion === 2 && (size < BLOCK_BYTES || !isPowerOfTwo)) {
    throw new WireError('metainfo-piece-size-wrong', 0)
  }
  return size
}

function readPieces(reader: BencodeReader, info: BencodeNode, pieceCount: number): Uint8Array {
  const pieces = reader.findString(info, 'pieces')
  if (pieces?.length !== pieceCount * SHA1_BYTES) throw new WireError('metainfo-pieces-wrong', 0)
  return pieces.slice()
}

function isSingleFile(
  reader: BencodeReader,
  info: BencodeNode,
  files: readonly MetainfoFile[],
): boolean {
  if (reader.findKind(info, 'files', 'list') !== undefined) return false
  return files.length === 1 && (files[0] as MetainfoFile).path.length === 1
}

/** v1: one file right after the other. */
function placeList(entries: readonly FileEntry[]): MetainfoFile[] {
  let offset = 0
  return entries.map((entry, index) => {
    const file = { ...entry, index, offset }
    offset += entry.size
    return file
  })
}

/** v2: every file that is not empty starts at a piece. */
function placeTree(entries: readonly FileEntry[], pieceSize: number): MetainfoFile[] {
  let end = 0
  return entries.map((entry, index) => {
    const offset = entry.size === 0 ? end : Math.ceil(end / pieceSize) * pieceSize
    end = offset + entry.size
    return { ...entry, index, offset }
  })
}

/**
 * The v1 files of a hybrid with the roots of its v2 files.
 *
 * @throws WireError unless both describe the same files, in the same order, at the same places: else a
 *   torrent could be one thing to some peers and another to others.
 */
function joinHybrid(
  list: readonly FileEntry[],
  tree: readonly FileEntry[],
  pieceSize: number,
): FileEntry[] {
  let next = 0
  let offset = 0
  const joined = list.map(entry => {
    const isAligned = offset % pieceSize === 0
    offset += entry.size
    if (entry.isPadding) return entry
    const twin = tree[next++]
    const isSame =
      twin !== undefined &&
      twin.size === entry.size &&
      twin.path.length === entry.path.length &&
      twin.path.every((part, index) => part === entry.path[index])
    if (!isSame || (entry.size > 0 && !isAligned)) throw new WireError('metainfo-hybrid-differs', 0)
    return { ...entry, piecesRoot: twin.piecesRoot }
  })
  if (next !== tree.length) throw new WireError('metainfo-hybrid-differs', 0)
  return joined
}

/** The layers of a .torrent file, each checked against its file's root. */
function readLayers(
  reader: BencodeReader,
  metainfo: Metainfo,
  digests: Digests,
): ReadonlyMap<string, Uint8Array> {
  const layers = new Map<string, Uint8Array>()
  const dictionary = reader.findKind(0, 'piece layers', 'dictionary')
  if (dictionary === undefined) return layers
  const given = new Map<string, BencodeNode>()
  for (const [key, value] of reader.entries(dictionary)) {
    if (reader.kind(value) === 'string') given.set(toHex(reader.string(key)), value)
  }
  const layer = Math.log2(metainfo.pieceSize / BLOCK_BYTES)
  for (const file of metainfo.files) {
    if (file.piecesRoot === undefined || file.size <= metainfo.pieceSize) continue
    const root = toHex(file.piecesRoot)
    const node = given.get(root)
    // Files with the same content share a layer; one that is missing can still be had from peers.
    if (node === undefined || layers.has(root)) continue
    const hashes = reader.string(node).slice()
    const count = Math.ceil(file.size / metainfo.pieceSize)
    if (hashes.length !== count * HASH_BYTES) throw new WireError('metainfo-layer-size-wrong', 0)
    const computed = rootOf(digests.sha256, hashes, { layer, width: widthFor(count) })
    if (!equalBytes(computed, file.piecesRoot)) throw new WireError('metainfo-layer-wrong', 0)
    layers.set(root, hashes)
  }
  return layers
}

function readSources(reader: BencodeReader): MetainfoSources {
  const trackers = new Set<string>()
  addSource(trackers, reader, reader.find(0, 'announce'))
  const tiers = reader.findKind(0, 'announce-list', 'list')
  if (tiers !== undefined) {
    for (const tier of reader.children(tiers)) {
      if (reader.kind(tier) !== 'list') continue
      for (const tracker of reader.children(tier)) addSource(trackers, reader, tracker)
    }
  }
  const webSeeds = new Set<string>()
  const urls = reader.find(0, 'url-list')
  if (urls !== undefined && reader.kind(urls) === 'list') {
    for (const url of reader.children(urls)) addSource(webSeeds, reader, url)
  } else addSource(webSeeds, reader, urls)
  return { trackers: [...trackers], webSeeds: [...webSeeds], nodes: readNodes(reader) }
}

function addSource(urls: Set<string>, reader: BencodeReader, node: BencodeNode | undefined): void {
  if (node === undefined || reader.kind(node) !== 'string' || urls.size === SOURCES_MAX) return
  const bytes = reader.string(node)
  if (bytes.length > 0 && bytes.length <= SOURCE_LIMIT_BYTES) urls.add(decodeText(bytes))
}

/** `nodes`: pairs of a host and a port. @see BEP 5 */
function readNodes(reader: BencodeReader): MetainfoSources['nodes'] {
  const nodes: { host: string; port: number }[] = []
  const list = reader.findKind(0, 'nodes', 'list')
  if (list === undefined) return nodes
  for (const pair of reader.children(list)) {
    if (nodes.length === SOURCES_MAX) break
    if (reader.kind(pair) !== 'list' || reader.childCount(pair) < 2) continue
    const [first, second] = [...reader.children(pair)] as [BencodeNode, BencodeNode]
    if (reader.kind(first) !== 'string' || reader.kind(second) !== 'integer') continue
    const host = reader.string(first)
    const port = reader.integer(second) ?? 0
    if (host.length === 0 || host.length > 253 || port < 1 || port > 65_535) continue
    nodes.push({ host: decodeText(host), port })
  }
  return nodes
}
