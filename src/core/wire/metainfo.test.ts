import { describe, expect, test } from 'vitest'
import { contentOf, described, torrentBytes } from '../../../test/support/torrents.ts'
import { digests, latin1 } from '../../../test/support/wire.ts'
import { concatBytes, toHex } from '../bytes/index.ts'
import {
  type BencodeInput,
  decodeBencode,
  encodeBencode,
  FILES_MAX,
  fileIndexAt,
  INFO_LIMIT_BYTES,
  type Metainfo,
  PATH_LIMIT_BYTES,
  PATH_PARTS_MAX,
  PIECE_SIZE_LIMIT_BYTES,
  PIECES_MAX,
  parseInfo,
  parseTorrentFile,
  pieceSizeAt,
  rootOf,
  TORRENT_FILE_LIMIT_BYTES,
  WireError,
  widthFor,
} from './index.ts'

const parse = (bytes: Uint8Array) => parseTorrentFile(bytes, digests)

describe.each(Object.entries(described))('%s, made by libtorrent', (name, expected) => {
  const torrent = parse(torrentBytes(name))
  const kept = torrent.files.filter(file => !file.isPadding)

  test('has the name, pieces and infohashes that libtorrent reads', () => {
    expect(torrent.name).toBe(expected.name)
    expect(torrent.pieceSize).toBe(expected.pieceSize)
    expect(torrent.pieceCount).toBe(expected.pieceCount)
    expect(torrent.infohash1 && toHex(torrent.infohash1)).toBe(expected.infohash1 ?? undefined)
    expect(torrent.infohash2 && toHex(torrent.infohash2)).toBe(expected.infohash2 ?? undefined)
    expect(torrent.version).toBe(name.split('-')[0])
    expect(torrent.sources.trackers).toEqual(['http://tracker.example/announce'])
    expect(torrent.sources.webSeeds).toEqual(['http://seed.example/'])
  })

  test('has the files that libtorrent lists, each where it says', () => {
    const wanted = expected.files.filter(file => !file.isPadding)
    const fullPath = (path: readonly string[]) =>
      (torrent.isSingleFile ? path : [torrent.name, ...path]).join('/')
    expect(kept.map(file => [fullPath(file.path), file.size, file.isExecutable])).toEqual(
      wanted.map(file => [file.path, file.size, file.isExecutable]),
    )
    // Where an empty file lies is a matter of taste.
    const places = (files: readonly { size: number; offset: number }[]) =>
      files.filter(file => file.size > 0).map(file => file.offset)
    expect(places(kept)).toEqual(places(wanted))
    expect(kept.map(file => (file.piecesRoot ? toHex(file.piecesRoot) : ''))).toEqual(
      wanted.map(file => (/^0*$/.test(file.root) ? '' : file.root)),
    )
    expect(torrent.totalSize).toBe(wanted.reduce((sum, file) => sum + file.size, 0))
  })

  test('its SHA-1 hashes are those of the content, padding as zeros', () => {
    if (torrent.pieceHashes === undefined) return expect(torrent.version).toBe('v2')
    const space = new Uint8Array(torrent.spaceSize)
    for (const file of kept) space.set(contentOf(name, file.path.join('/')), file.offset)
    const hashes: Uint8Array[] = []
    for (let piece = 0; piece < torrent.pieceCount; piece++) {
      const start = piece * torrent.pieceSize
      hashes.push(digests.sha1(space.subarray(start, start + pieceSizeAt(torrent, piece))))
    }
    expect(toHex(torrent.pieceHashes)).toBe(toHex(concatBytes(...hashes)))
  })

  test('its roots and layers are those of the content', () => {
    for (const file of kept) {
      if (file.piecesRoot === undefined) continue
      const blocks = hashBlocks(contentOf(name, file.path.join('/')))
      const count = blocks.length / 32
      const root = rootOf(digests.sha256, blocks, { layer: 0, width: widthFor(count) })
      expect(toHex(root)).toBe(toHex(file.piecesRoot))
      const layer = torrent.pieceLayers.get(toHex(file.piecesRoot))
      if (file.size <= torrent.pieceSize) expect(layer).toBeUndefined()
      else expect(layer && toHex(layer)).toBe(toHex(pieceLayer(blocks, torrent.pieceSize / 16_384)))
    }
  })

  test('reads the same from its info dictionary alone, but for what stands beside it', () => {
    const { pieceLayers, sources, ...rest } = torrent
    const alone = parseInfo(torrent.infoBytes, digests)
    expect(alone).toMatchObject(rest)
    expect(alone.pieceLayers.size + alone.sources.trackers.length).toBe(0)
  })

  test('the pieces together are as long as what they hold', () => {
    let sum = 0
    for (let piece = 0; piece < torrent.pieceCount; piece++) sum += pieceSizeAt(torrent, piece)
    expect(sum).toBe(torrent.version === 'v2' ? torrent.totalSize : torrent.spaceSize)
    for (const file of torrent.files) {
      if (file.size > 0) expect(fileIndexAt(torrent, file.offset)).toBe(file.index)
      if (file.size > 0) expect(fileIndexAt(torrent, file.offset + file.size - 1)).toBe(file.index)
    }
  })
})

function hashBlocks(content: Uint8Array): Uint8Array {
  const hashes: Uint8Array[] = []
  for (let at = 0; at < content.length; at += 16_384) {
    hashes.push(digests.sha256(content.subarray(at, at + 16_384)))
  }
  return concatBytes(...hashes)
}

function pieceLayer(blocks: Uint8Array, width: number): Uint8Array {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < blocks.length; at += width * 32) {
    pieces.push(rootOf(digests.sha256, blocks.subarray(at, at + width * 32), { layer: 0, width }))
  }
  return concatBytes(...pieces)
}

type Members = { readonly [key: string]: BencodeInput | undefined }

const V1: Members = { name: 'n', 'piece length': 16_384, length: 5, pieces: new Uint8Array(20) }
const LEAF = { '': { length: 5, 'pieces root': new Uint8Array(32) } }
const V2: Members = {
  name: 'n',
  'piece length': 16_384,
  'meta version': 2,
  'file tree': { n: LEAF },
}

const readInfo = (info: Members): Metainfo => parse(encodeBencode({ info }))

function fault(info: Members): string {
  try {
    readInfo(info)
  } catch (error) {
    if (error instanceof WireError) return error.name
    throw error
  }
  return 'none'
}

describe('what is refused', () => {
  test.each([
    [{ ...V1 }, 'none'],
    [{ ...V1, name: undefined }, 'metainfo-no-name'],
    [{ ...V1, length: undefined }, 'metainfo-no-files'],
    [{ ...V1, length: -1 }, 'metainfo-length-wrong'],
    [{ ...V1, length: 2n ** 60n }, 'metainfo-length-wrong'],
    [{ ...V1, pieces: new Uint8Array(19) }, 'metainfo-pieces-wrong'],
    [{ ...V1, pieces: new Uint8Array(40) }, 'metainfo-pieces-wrong'],
    [{ ...V1, 'piece length': 0 }, 'metainfo-piece-size-wrong'],
    [{ ...V1, 'piece length': PIECE_SIZE_LIMIT_BYTES }, 'none'],
    [{ ...V1, 'piece length': PIECE_SIZE_LIMIT_BYTES + 1 }, 'metainfo-piece-size-wrong'],
    [{ ...V1, length: undefined, files: [] }, 'metainfo-no-files'],
    [{ ...V1, files: [5] }, 'metainfo-file-malformed'],
    [{ ...V1, files: [{ length: 5 }] }, 'metainfo-path-missing'],
    [{ ...V1, files: [{ length: 5, path: [] }] }, 'metainfo-path-missing'],
    [{ ...V1, files: [{ length: 5, path: [1] }] }, 'metainfo-path-malformed'],
    [{ ...V1, 'meta version': 3 }, 'metainfo-newer-version'],
    [{ ...V1, 'meta version': 2 }, 'metainfo-no-file-tree'],
    [{ ...V2 }, 'none'],
    [{ ...V2, 'piece length': 8192 }, 'metainfo-piece-size-wrong'],
    [{ ...V2, 'piece length': 49_152 }, 'metainfo-piece-size-wrong'],
    [{ ...V2, 'file tree': {} }, 'metainfo-no-files'],
    [{ ...V2, 'file tree': { n: 5 } }, 'metainfo-file-malformed'],
    [{ ...V2, 'file tree': { '': { length: 5 } } }, 'metainfo-file-misplaced'],
    [{ ...V2, 'file tree': { n: { ...LEAF, x: LEAF } } }, 'metainfo-file-malformed'],
    [{ ...V2, 'file tree': { n: { '': { length: 5 } } } }, 'metainfo-pieces-root-wrong'],
    [{ ...V2, length: 5, pieces: new Uint8Array(20) }, 'none'],
    [{ ...V2, length: 6, pieces: new Uint8Array(20) }, 'metainfo-hybrid-differs'],
    [{ ...V2, name: 'm', length: 5, pieces: new Uint8Array(20) }, 'metainfo-hybrid-differs'],
  ])('%# %o is %s', (info, name) => {
    expect(fault(info)).toBe(name)
  })

  test('a hybrid whose v1 files are not aligned as its v2 files are', () => {
    const tree = { a: LEAF, b: LEAF }
    const file = (name: string): BencodeInput => ({ length: 5, path: [name] })
    const pad = (length: number): BencodeInput => ({ length, attr: 'p', path: ['.pad', 'x'] })
    const hybrid = (...files: readonly BencodeInput[]) =>
      fault({ ...V2, 'file tree': tree, files, pieces: new Uint8Array(40) })
    expect(hybrid(file('a'), pad(16_379), file('b'))).toBe('none')
    expect(hybrid(file('a'), pad(16_378), file('b'))).toBe('metainfo-hybrid-differs')
    expect(hybrid(file('a'), file('b'))).toBe('metainfo-hybrid-differs')
    expect(hybrid(file('b'), pad(16_379), file('a'))).toBe('metainfo-hybrid-differs')
    expect(hybrid(file('a'), pad(16_379))).toBe('metainfo-hybrid-differs')
    expect(hybrid(file('a'), pad(16_379), file('b'), file('c'))).toBe('metainfo-hybrid-differs')
  })

  test('a piece layer that does not make its root', () => {
    const torrent = decodeBencode(torrentBytes('v2-single')) as Map<string, BencodeInput>
    const layers = torrent.get('piece layers') as Map<string, Uint8Array>
    const [[root, hashes]] = layers as unknown as [[string, Uint8Array]]
    const withLayers = (given: ReadonlyMap<string, Uint8Array>) =>
      parse(encodeBencode(new Map([...torrent]).set('piece layers', given))).pieceLayers
    const withLayer = (layer: Uint8Array) => withLayers(new Map([[root, layer]]))
    expect(withLayer(hashes).size).toBe(1)
    const spoilt = hashes.with(3, (hashes[3] ?? 0) ^ 1)
    expect(() => withLayer(spoilt)).toThrow('metainfo-layer-wrong')
    expect(() => withLayer(hashes.slice(32))).toThrow('metainfo-layer-size-wrong')
    // One that is missing can be had from peers.
    expect(withLayers(new Map()).size).toBe(0)
  })

  test('what is no torrent at all', () => {
    expect(() => parse(latin1('i1e'))).toThrow('metainfo-no-dictionary')
    expect(() => parse(latin1('de'))).toThrow('metainfo-no-info')
    expect(() => parse(latin1('<html>'))).toThrow('bencode-unknown-byte')
    expect(() => parseInfo(latin1('le'), digests)).toThrow('metainfo-no-dictionary')
  })
})

describe('limits', () => {
  test('pieces', () => {
    const info = (count: number): Members => ({
      ...V1,
      'piece length': 1,
      length: count,
      pieces: new Uint8Array(count * 20),
    })
    expect(fault(info(PIECES_MAX))).toBe('none')
    expect(fault(info(PIECES_MAX + 1))).toBe('metainfo-too-many-pieces')
    expect(fault({ ...V1, length: Number.MAX_SAFE_INTEGER })).toBe('metainfo-too-many-pieces')
  })

  test('the .torrent file and the info dictionary, in bytes', () => {
    expect(() => parse(new Uint8Array(TORRENT_FILE_LIMIT_BYTES + 1))).toThrow('metainfo-too-long')
    // Not too long: but zeros are no torrent.
    expect(() => parse(new Uint8Array(TORRENT_FILE_LIMIT_BYTES))).toThrow('bencode-unknown-byte')
    const around = encodeBencode({ ...V1, extra: '' }).length
    const padded = (size: number): Members => ({ ...V1, extra: new Uint8Array(size - around - 7) })
    expect(encodeBencode(padded(INFO_LIMIT_BYTES)).length).toBe(INFO_LIMIT_BYTES)
    expect(fault(padded(INFO_LIMIT_BYTES))).toBe('none')
    expect(fault(padded(INFO_LIMIT_BYTES + 1))).toBe('metainfo-info-too-long')
  })

  test('trackers, web seeds and nodes: 200 of each are kept', () => {
    const many = Array.from({ length: 201 }, (_, index) => `http://${index}`)
    const { sources } = parse(
      encodeBencode({
        info: V1,
        'announce-list': [many],
        'url-list': many,
        nodes: many.map(url => [url, 1]),
      }),
    )
    expect(Object.values(sources).map(list => list.length)).toEqual([200, 200, 200])
  })

  test('files, in both versions', () => {
    const file = { length: 0, path: ['f'] }
    const list = (count: number): Members => ({
      ...V1,
      length: undefined,
      pieces: '',
      files: new Array<BencodeInput>(count).fill(file),
    })
    expect(readInfo(list(FILES_MAX)).files).toHaveLength(FILES_MAX)
    expect(fault(list(FILES_MAX + 1))).toBe('metainfo-too-many-files')
    const tree = (count: number): Members => ({
      ...V2,
      'file tree': Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`f${index}`, { '': { length: 0 } }]),
      ),
    })
    expect(readInfo(tree(FILES_MAX)).files).toHaveLength(FILES_MAX)
    expect(fault(tree(FILES_MAX + 1))).toBe('metainfo-too-many-files')
  })

  test('paths, in parts and in bytes, in both versions', () => {
    const listed = (path: readonly string[]) => fault({ ...V1, files: [{ length: 5, path }] })
    const planted = (path: readonly string[]) =>
      fault({
        ...V2,
        'file tree': path.reduceRight<BencodeInput>((tree, part) => ({ [part]: tree }), {
          '': { length: 0 },
        }),
      })
    const deep = (count: number) => new Array<string>(count).fill('d')
    for (const attempt of [listed, planted]) {
      expect(attempt(deep(PATH_PARTS_MAX))).toBe('none')
      expect(attempt(deep(PATH_PARTS_MAX + 1))).toBe('metainfo-path-too-long')
      expect(attempt(['x'.repeat(PATH_LIMIT_BYTES)])).toBe('none')
      expect(attempt(['x'.repeat(PATH_LIMIT_BYTES), 'x'])).toBe('metainfo-path-too-long')
    }
    expect(fault({ ...V1, name: 'x'.repeat(PATH_LIMIT_BYTES + 1) })).toBe('metainfo-path-too-long')
  })
})

describe('particulars', () => {
  test('attributes, links and padding of BEP 47 are read, unknown ones ignored', () => {
    const { files } = readInfo({
      ...V1,
      length: undefined,
      files: [
        { length: 5, path: ['a'], attr: 'xhz' },
        { length: 3, attr: 'p' },
        { attr: 'l', path: ['link'], 'symlink path': ['a'] },
        { length: 1, path: ['_____padding_file_0_if you see this file'] },
      ],
    })
    expect(files).toMatchObject([
      { isExecutable: true, isHidden: true, isPadding: false, offset: 0 },
      { isPadding: true, path: ['.pad', '3'], offset: 5 },
      { symlink: ['a'], size: 0, offset: 8 },
      { isPadding: true, offset: 8 },
    ])
  })

  test('paths come as they stand, however dangerous, and UTF-8 names go first', () => {
    const { files, name } = readInfo({
      ...V1,
      'name.utf-8': 'ü',
      length: undefined,
      files: [{ length: 5, path: ['?'], 'path.utf-8': ['..', '', '/etc', 'ö'] }],
    })
    expect(name).toBe('ü')
    expect(files[0]?.path).toEqual(['..', '', '/etc', 'ö'])
    expect(readInfo({ ...V1, name: latin1('\xff') }).name).toBe('\ufffd')
  })

  test('sources are strings of a bounded length, each once, and nodes have a port', () => {
    const { sources } = parse(
      encodeBencode({
        info: V1,
        announce: 'http://a',
        'announce-list': [['http://a', 'http://b'], 'x', [5, '', 'u'.repeat(3000)]],
        'url-list': 'http://c',
        nodes: [['h', 1], ['h', 0], ['h', 65_536], ['', 1], [1, 1], ['h'], 'x'],
      }),
    )
    expect(sources).toEqual({
      trackers: ['http://a', 'http://b'],
      webSeeds: ['http://c'],
      nodes: [{ host: 'h', port: 1 }],
    })
  })

  test('unsorted keys do not change the infohash: it is that of the bytes as they stand', () => {
    const info =
      'd6:lengthi5e4:name1:n12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa5:extrai1ee'
    const torrent = parse(latin1(`d4:info${info}8:announce3:urle\n`))
    expect(toHex(torrent.infohash)).toBe(toHex(digests.sha1(latin1(info))))
  })

  test('nothing of the result is a view of the bytes given', () => {
    const bytes = torrentBytes('hybrid-multi')
    const torrent = parse(bytes)
    const before = toHex(torrent.infoBytes) + toHex(torrent.files[0]?.piecesRoot ?? bytes)
    bytes.fill(0)
    expect(toHex(torrent.infoBytes) + toHex(torrent.files[0]?.piecesRoot ?? bytes)).toBe(before)
  })
})
