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

/** Padding is left out; the others keep the index that the metainfo gave them. */
function fileViews(infohash: string, status: SwarmStatus, layout: Layout): FileView[] {
  return layout.files.flatMap(({ path, size, offset, isPadding }, index) => {
    const file = status.files[index]
    if (isPadding || file === undefined) return []
    return {
      ...file,
      ...mediaTypeOf(path),
      index,
      path,
      bytes: size,
      offsetBytes: offset,
      url: paths.stream(infohash, index, path.slice(path.lastIndexOf('/') + 1)),
    }
  })
}

function secondsLeft(status: SwarmStatus): number | null {
  if (status.state === 'done') return 0
  const wanted = status.files.filter(file => file.isWanted)
  const verified = wanted.reduce((sum, file) => sum + file.verifiedBytes, 0)
  if (status.totalBytes === 0 || status.downBytesPerSecond <= 0) return null
  return Math.ceil(Math.max(0, status.wantedBytes - verified) / status.downBytesPerSecond)
}
