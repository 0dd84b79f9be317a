// The states that the page has to look good in.
import { statSync } from 'node:fs'
import {
  type FileView,
  mediaTypeOf,
  type PeerView,
  type PiecesView,
  paths,
  type TorrentView,
} from '../../src/api/index.ts'

export interface Scene {
  readonly torrents: readonly TorrentView[]
  /** Streams give nothing: the page waits. */
  readonly isStalled: boolean
  readonly tick: () => void
  readonly pieces: (infohash: string) => PiecesView
}

const INFOHASH = 'c9e15763f722f23e98a29decdfae341b98d53056'
const PIECE_BYTES = 1_048_576

export function sceneOf(name: string, clip: string): Scene {
  const files = filesOf(name, clip)
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const pieceCount = name === 'many' ? 9_200 : Math.max(1, Math.ceil(totalBytes / PIECE_BYTES))
  const verified = new Set<number>()
  for (let piece = 0; piece < pieceCount; piece += 1) {
    const isHead = piece < pieceCount * 0.31
    const isRare = (piece * 7919) % 97 < 6 && piece > pieceCount * 0.4
    if (isHead || isRare || piece > pieceCount - 3) verified.add(piece)
  }
  let ticks = 0
  let torrents = name === 'empty' ? [] : [torrentOf(name, files, pieceCount, verified)]
  if (name === 'several') torrents = [...torrents, ...others(torrents[0])]
  return {
    get torrents() {
      return torrents
    },
    isStalled: name === 'buffering' || name === 'finding' || name === 'metadata',
    tick: () => {
      ticks += 1
      const next = nextMissing(verified, pieceCount)
      for (let count = 0; count < 3; count += 1) verified.add(next + count)
      torrents = torrents.map((torrent, index) =>
        index === 0 ? later(torrent, ticks, verified.size) : torrent,
      )
    },
    pieces: () => piecesView(pieceCount, verified),
  }
}

function nextMissing(verified: ReadonlySet<number>, pieceCount: number): number {
  for (let piece = 0; piece < pieceCount; piece += 1) if (!verified.has(piece)) return piece
  return pieceCount
}

function piecesView(pieceCount: number, verified: ReadonlySet<number>): PiecesView {
  const bits = new Uint8Array(Math.ceil(pieceCount / 8))
  for (const piece of verified) {
    if (piece < pieceCount) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
  }
  const next = nextMissing(verified, pieceCount)
  const inFlight = [0, 1, 2, 3, 4, 5, 6, 8, 9, 11, 14].map(ahead => next + ahead)
  return {
    pieceCount,
    verified: Buffer.from(bits).toString('base64'),
    inFlight: inFlight.filter(piece => piece < pieceCount && !verified.has(piece)),
  }
}

function later(torrent: TorrentView, ticks: number, verified: number): TorrentView {
  if (torrent.state !== 'downloading' || torrent.downBytesPerSecond === 0) return torrent
  const wave = 3.1e6 + 0.7e6 * Math.sin(ticks / 5) + 0.25e6 * Math.sin(ticks * 1.7)
  return {
    ...torrent,
    downBytesPerSecond: Math.round(wave),
    verifiedBytes: Math.min(torrent.totalBytes, verified * PIECE_BYTES),
    secondsLeft: Math.round((torrent.totalBytes - verified * PIECE_BYTES) / wave),
    peers: torrent.peers.map((peer, index) => ({
      ...peer,
      downBytesPerSecond: Math.round(
        peer.downBytesPerSecond * (1 + 0.12 * Math.sin(ticks + index * 2)),
      ),
    })),
  }
}

function torrentOf(
  name: string,
  files: readonly FileView[],
  pieceCount: number,
  verified: ReadonlySet<number>,
): TorrentView {
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const isEarly = name === 'finding' || name === 'metadata'
  const hasProblem = name === 'problem'
  return {
    infohash: INFOHASH,
    name: name === 'finding' ? null : 'Morning.Over.The.Ridges.2026.1080p.x264',
    state:
      name === 'finding'
        ? 'finding-peers'
        : name === 'metadata'
          ? 'fetching-metadata'
          : 'downloading',
    problem: hasProblem
      ? { code: 'disk-full', message: 'The disk is full: 1.2 GB more are needed.', isFatal: false }
      : null,
    totalBytes: isEarly ? 0 : totalBytes,
    wantedBytes: isEarly ? 0 : totalBytes,
    verifiedBytes: isEarly ? 0 : verified.size * PIECE_BYTES,
    contiguousBytes: 0,
    wastedBytes: 229_376,
    downBytesPerSecond: isEarly || hasProblem ? 0 : 3.2e6,
    upBytesPerSecond: 0,
    secondsLeft: isEarly ? null : 322,
    pieceBytes: PIECE_BYTES,
    pieceCount: isEarly ? 0 : pieceCount,
    files: isEarly ? [] : files,
    peers: name === 'finding' ? [] : peersOf(hasProblem),
    peersKnown: name === 'finding' ? 0 : 143,
    connectionsMax: 20,
    viewers: isEarly
      ? []
      : [{ file: 0, positionBytes: Math.floor(totalBytes * 0.22), windowBytes: 48e6 }],
  }
}

function peersOf(isIdle: boolean): PeerView[] {
  const speeds = [1_140_000, 820_000, 610_000, 344_000, 181_000, 96_000, 0, 0, 0]
  const places = ['93.184.216.34', '198.51.100.7', '203.0.113.92', '192.0.2.146', '198.51.100.201']
  return speeds.map((speed, index) => ({
    address:
      index === 3
        ? '[2001:db8:85a3::8a2e:370:7334]:51413'
        : `${places[index % places.length]}:${6881 + index * 371}`,
    state: isIdle || (speed === 0 && index < 8) ? 'choked' : speed === 0 ? 'connecting' : 'sending',
    downBytesPerSecond: isIdle ? 0 : speed,
    upBytesPerSecond: 0,
    downBytes: speed * 97,
    progress: index % 3 === 0 ? 1 : 0.4 + index * 0.06,
    source: 'dht',
  }))
}

function others(first: TorrentView | undefined): TorrentView[] {
  if (first === undefined) return []
  return [
    {
      ...first,
      infohash: 'a'.repeat(40),
      name: 'The.Long.Sea.S01.1080p',
      state: 'done',
      verifiedBytes: first.totalBytes,
    },
    { ...first, infohash: 'b'.repeat(40), name: null, state: 'finding-peers', files: [] },
  ]
}

function filesOf(name: string, clip: string): FileView[] {
  const bytes = clip === '' ? 0 : statSync(clip).size
  const film = 1_400_000_000
  const folder = 'Morning.Over.The.Ridges.2026.1080p.x264'
  const lists: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
    series: Array.from({ length: 24 }, (_, index) => [
      `The Long Sea/The.Long.Sea.S01E${String(index + 1).padStart(2, '0')}.1080p.mp4`,
      310e6 + index * 9e6,
    ]),
    many: Array.from({ length: 10_000 }, (_, index) => [
      `Box/disc ${1 + (index % 40)}/track ${index}.mp4`,
      2e6,
    ]),
    unplayable: [['Old.Film.1999.DVDRip.avi', 733e6]],
    audio: [
      ['Quiet Hours/01 First light.flac', 31e6],
      ['Quiet Hours/02 <b>Bold</b> & "quoted".flac', 28e6],
      ['Quiet Hours/cover.jpg', 400e3],
    ],
    clip: [['Ridges.mp4', bytes]],
  }
  const list = lists[name] ?? [
    [`${folder}/Morning.Over.The.Ridges.2026.1080p.x264.mp4`, film],
    [`${folder}/Morning.Over.The.Ridges.2026.1080p.x264.en.srt`, 84_000],
    [`${folder}/Morning.Over.The.Ridges.2026.1080p.x264.fr.srt`, 88_000],
    [`${folder}/Sample/sample.mp4`, 21e6],
    [`${folder}/readme.nfo`, 4_100],
  ]
  let offsetBytes = 0
  return list.map(([path, size], index) => {
    const at = offsetBytes
    offsetBytes += size
    return {
      index,
      path,
      bytes: size,
      offsetBytes: at,
      verifiedBytes: index === 0 ? Math.round(size * 0.36) : index % 2 === 0 ? size : 0,
      contiguousBytes: 0,
      isWanted: index !== 3,
      ...mediaTypeOf(path),
      url: paths.stream(INFOHASH, index, path.split('/').at(-1) ?? ''),
    }
  })
}
