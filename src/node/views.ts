// What the HTTP interface shows, made from what the machine says of itself.
import {
  type FileView,
  mediaTypeOf,
  type PeerView,
  type PiecesView,
  paths,
  type TorrentView,
} from '../api/index.ts'
import { formatAddress, toHex } from '../core/bytes/index.ts'
import type { Layout } from '../core/storage/index.ts'
import type { PiecesStatus, SwarmStatus } from '../core/swarm/index.ts'

/** @param layout where the files lie; `undefined` until the metadata is known. */
export function torrentView(status: SwarmStatus, layout: Layout | undefined): TorrentView {
  const { infohash, name, problem, peers, ...same } = status
  const hex = toHex(infohash)
  return {
    ...same,
    infohash: hex,
    name: name ?? null,
    problem: problem ?? null,
    secondsLeft: secondsLeft(status),
    files: layout === undefined ? [] : fileViews(hex, status, layout),
    peers: peers.map(
      ({ address, ...peer }): PeerView => ({
        ...peer,
        address: formatAddress(address),
      }),
    ),
  }
}

export function piecesView({ pieceCount, verified, inFlight }: PiecesStatus): PiecesView {
  return { pieceCount, verified: Buffer.from(verified).toString('base64'), inFlight }
}

type FixedPart = Omit<FileView, 'verifiedBytes' | 'contiguousBytes' | 'isWanted'>

/** What never changes of a torrent's files, made once: 10,000 files each second would keep a core busy. */
const fixedParts = new WeakMap<Layout, readonly FixedPart[]>()

/** Padding is left out; the others keep the index that the metainfo gave them. */
function fixedPartsOf(infohash: string, layout: Layout): readonly FixedPart[] {
  const known = fixedParts.get(layout)
  if (known !== undefined) return known
  const made = layout.files.flatMap(({ path, size, offset, isPadding }, index) => {
    if (isPadding) return []
    const url = paths.stream(infohash, index, path.slice(path.lastIndexOf('/') + 1))
    return [{ index, path, bytes: size, offsetBytes: offset, url, ...mediaTypeOf(path) }]
  })
  fixedParts.set(layout, made)
  return made
}

function fileViews(infohash: string, status: SwarmStatus, layout: Layout): FileView[] {
  const views: FileView[] = []
  for (const { index, path, bytes, offsetBytes, url, kind, mime } of fixedPartsOf(
    infohash,
    layout,
  )) {
    const file = status.files[index]
    if (file === undefined) continue
    // Written out: spreading ten thousand objects costs ten times as much.
    const { isWanted, verifiedBytes, contiguousBytes } = file
    views.push({
      index,
      path,
      bytes,
      offsetBytes,
      verifiedBytes,
      contiguousBytes,
      isWanted,
      kind,
      mime,
      url,
    })
  }
  return views
}

function secondsLeft(status: SwarmStatus): number | null {
  if (status.state === 'done') return 0
  const wanted = status.files.filter(file => file.isWanted)
  const verified = wanted.reduce((sum, file) => sum + file.verifiedBytes, 0)
  if (status.totalBytes === 0 || status.downBytesPerSecond <= 0) return null
  return Math.ceil(Math.max(0, status.wantedBytes - verified) / status.downBytesPerSecond)
}
