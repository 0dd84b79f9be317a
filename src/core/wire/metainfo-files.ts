// The files of a torrent as its info dictionary lists them: `files` or `length` in v1, `file tree` in v2.
import type { BencodeNode, BencodeReader } from './bencode.ts'
import { WireError } from './errors.ts'
import { FILES_MAX, type MetainfoFile, PATH_LIMIT_BYTES, PATH_PARTS_MAX } from './metainfo.ts'

/** A file before its place is known. */
export type FileEntry = Omit<MetainfoFile, 'index' | 'offset'>

const PIECES_ROOT_BYTES = 32
/** How BitComet named padding before BEP 47. */
const OLD_PADDING = '_____padding_file_'

/** The v1 files of an info dictionary; `undefined` where it has none. @throws WireError */
export function readFileList(
  reader: BencodeReader,
  info: BencodeNode,
  name: string,
): FileEntry[] | undefined {
  const list = reader.findKind(info, 'files', 'list')
  if (list === undefined) {
    if (reader.find(info, 'length') === undefined) return undefined
    return [{ ...readProperties(reader, info), path: [name] }]
  }
  if (reader.childCount(list) > FILES_MAX) throw new WireError('metainfo-too-many-files', 0)
  const files: FileEntry[] = []
  for (const node of reader.children(list)) {
    if (reader.kind(node) !== 'dictionary') throw malformed(reader, node, 'metainfo-file-malformed')
    const properties = readProperties(reader, node)
    const path = readPath(reader, node, 'path.utf-8') ?? readPath(reader, node, 'path')
    if (path === undefined && !properties.isPadding) {
      throw malformed(reader, node, 'metainfo-path-missing')
    }
    const isOldPadding = path?.at(-1)?.startsWith(OLD_PADDING) === true
    files.push({
      ...properties,
      isPadding: properties.isPadding || isOldPadding,
      path: path ?? ['.pad', String(properties.size)],
    })
  }
  if (files.length === 0) throw malformed(reader, list, 'metainfo-no-files')
  return files
}

/** The v2 files of an info dictionary in the order of its tree. @throws WireError */
export function readFileTree(reader: BencodeReader, info: BencodeNode): FileEntry[] {
  const tree = reader.findKind(info, 'file tree', 'dictionary')
  if (tree === undefined) throw malformed(reader, info, 'metainfo-no-file-tree')
  const files: FileEntry[] = []
  readFolder(reader, tree, { path: [], bytes: 0, files })
  if (files.length === 0) throw malformed(reader, tree, 'metainfo-no-files')
  return files
}

interface Folder {
  readonly path: readonly string[]
  /** Of the names in `path`. */
  readonly bytes: number
  /** Collects what is found. */
  readonly files: FileEntry[]
}

/** Depth is bounded by `PATH_PARTS_MAX`. */
function readFolder(reader: BencodeReader, tree: BencodeNode, folder: Folder): void {
  for (const [key, value] of reader.entries(tree)) {
    if (reader.kind(value) !== 'dictionary') {
      throw malformed(reader, value, 'metainfo-file-malformed')
    }
    const nameBytes = reader.string(key)
    const bytes = folder.bytes + nameBytes.length
    const path = [...folder.path, decodeText(nameBytes)]
    if (nameBytes.length === 0) throw malformed(reader, key, 'metainfo-file-misplaced')
    if (path.length > PATH_PARTS_MAX || bytes > PATH_LIMIT_BYTES) {
      throw malformed(reader, key, 'metainfo-path-too-long')
    }
    const leaf = reader.find(value, '')
    if (leaf === undefined) readFolder(reader, value, { path, bytes, files: folder.files })
    else folder.files.push(readLeaf(reader, value, leaf, path))
    if (folder.files.length > FILES_MAX) throw new WireError('metainfo-too-many-files', 0)
  }
}

function readLeaf(
  reader: BencodeReader,
  node: BencodeNode,
  leaf: BencodeNode,
  path: readonly string[],
): FileEntry {
  // A file has no neighbours inside its own name.
  if (reader.kind(leaf) !== 'dictionary' || reader.childCount(node) !== 2) {
    throw malformed(reader, node, 'metainfo-file-malformed')
  }
  const properties = readProperties(reader, leaf)
  const piecesRoot = reader.findString(leaf, 'pieces root')
  if (properties.size === 0) return { ...properties, path }
  if (piecesRoot?.length !== PIECES_ROOT_BYTES) {
    throw malformed(reader, leaf, 'metainfo-pieces-root-wrong')
  }
  return { ...properties, path, piecesRoot: piecesRoot.slice() }
}

/** Length, attributes and link of a file, wherever it is described. @see BEP 47 */
function readProperties(reader: BencodeReader, node: BencodeNode): Omit<FileEntry, 'path'> {
  const attributes = reader.findKind(node, 'attr', 'string')
  const text = attributes === undefined ? '' : reader.text(attributes)
  const symlink = text.includes('l') ? readPath(reader, node, 'symlink path') : undefined
  const size = symlink === undefined ? reader.findInteger(node, 'length') : 0
  if (size === undefined || size < 0) throw malformed(reader, node, 'metainfo-length-wrong')
  return {
    size,
    isPadding: text.includes('p'),
    isExecutable: text.includes('x'),
    isHidden: text.includes('h'),
    symlink,
  }
}

function readPath(
  reader: BencodeReader,
  node: BencodeNode,
  key: string,
): readonly string[] | undefined {
  const list = reader.findKind(node, key, 'list')
  if (list === undefined || reader.childCount(list) === 0) return undefined
  const parts: string[] = []
  let bytes = 0
  for (const part of reader.children(list)) {
    if (reader.kind(part) !== 'string') throw malformed(reader, part, 'metainfo-path-malformed')
    const name = reader.string(part)
    bytes += name.length
    if (parts.length === PATH_PARTS_MAX || bytes > PATH_LIMIT_BYTES) {
      throw malformed(reader, part, 'metainfo-path-too-long')
    }
    parts.push(decodeText(name))
  }
  return parts
}

/** Text that may hold anything: bytes that are no UTF-8 become U+FFFD, nothing is taken away. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function malformed(reader: BencodeReader, node: BencodeNode, name: string): WireError {
  return new WireError(name, reader.range(node).start)
}
