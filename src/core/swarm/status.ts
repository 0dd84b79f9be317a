// What a swarm shows of itself. Everything is asked of the part that owns it, at the moment of the question.
import type { Millis } from '../world/index.ts'
import type { Payload } from './payload.ts'
import type { Peer } from './peer.ts'
import type { Roster } from './roster.ts'
import type {
  FileStatus,
  PeerStatus,
  PiecesStatus,
  SwarmProblem,
  SwarmSource,
  SwarmState,
  SwarmStatus,
} from './words.ts'

/** A peer that delivered in the last seconds counts as sending. */
const SENDING_BYTES_PER_SECOND = 1

export interface StatusSources {
  readonly nowMs: Millis
  readonly source: SwarmSource
  readonly roster: Roster
  readonly connectionsMax: number
  readonly payload: Payload | undefined
  readonly problem: SwarmProblem | undefined
  readonly hasFailed: boolean
}

export function statusOf(sources: StatusSources): SwarmStatus {
  const { nowMs, source, roster, payload, problem } = sources
  const peers = [...roster.peers]
  const files = payload === undefined ? [] : filesOf(payload)
  const wanted = files.map((file, index) => (file.isWanted ? sizeOf(sources, index) : 0))
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return {
    infohash: source.infohash,
    name: payload?.metainfo.name ?? source.name,
    state: stateOf(sources),
    problem,
    totalBytes: payload?.metainfo.totalSize ?? 0,
    wantedBytes: sum(wanted),
    verifiedBytes: sum(files.map(file => file.verifiedBytes)),
    contiguousBytes: sum(files.map(file => file.contiguousBytes)),
    wastedBytes: payload?.download.wastedBytes ?? 0,
    downBytes: payload?.download.receivedBytes ?? 0,
    upBytes: sum(peers.map(peer => peer.up.totalBytes)),
    downBytesPerSecond: sum(peers.map(peer => peer.down.bytesPerSecond(nowMs))),
    upBytesPerSecond: sum(peers.map(peer => peer.up.bytesPerSecond(nowMs))),
    pieceBytes: payload?.metainfo.pieceSize ?? 0,
    pieceCount: payload?.layout.pieceCount ?? 0,
    files,
    peers: peers.map(peer => peerStatus(nowMs, peer)),
    peersKnown: roster.candidates.idleCount,
    connectionsMax: sources.connectionsMax,
    viewers: payload?.readers.status() ?? [],
  }
}

export function piecesStatusOf({ payload }: StatusSources): PiecesStatus {
  if (payload === undefined) return { pieceCount: 0, verified: new Uint8Array(0), inFlight: [] }
  const { download } = payload
  const verified = new Uint8Array((download.pieceCount + 7) >> 3)
  const inFlight: number[] = []
  for (let piece = 0; piece < download.pieceCount; piece++) {
    if (download.store.has(piece))
      verified[piece >> 3] = (verified[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
    else if (download.picker.stateOf(piece) !== 'missing') inFlight.push(piece)
  }
  return { pieceCount: download.pieceCount, verified, inFlight }
}

function stateOf({ payload, roster, hasFailed, problem }: StatusSources): SwarmState {
  if (hasFailed) return 'failed'
  if (payload === undefined) return roster.openCount === 0 ? 'finding-peers' : 'fetching-metadata'
  if (!payload.download.isChecked) return 'checking'
  if (payload.isDone) return 'done'
  if (problem?.code.startsWith('disk-') === true) return 'paused'
  return roster.openCount === 0 ? 'finding-peers' : 'downloading'
}

function sizeOf({ payload }: StatusSources, file: number): number {
  const stored = payload?.layout.files[file]
  return stored === undefined || stored.isPadding ? 0 : stored.size
}

function filesOf(payload: Payload): FileStatus[] {
  const { layout, download } = payload
  const { pieceBytes } = layout
  return layout.files.map(({ offset, size, isPadding }, index) => {
    if (isPadding) return { isWanted: false, verifiedBytes: 0, contiguousBytes: 0 }
    let verifiedBytes = 0
    const end = offset + size
    for (let piece = Math.floor(offset / pieceBytes); piece * pieceBytes < end; piece++) {
      // On disk, not in memory alone: what is shown as verified survives a kill.
      if (!download.store.stored.has(piece)) continue
      const from = Math.max(offset, piece * pieceBytes)
      verifiedBytes += Math.min(end, (piece + 1) * pieceBytes) - from
    }
    const isWanted = payload.isSelected(index)
    return { isWanted, verifiedBytes, contiguousBytes: download.store.contiguousBytes(index) }
  })
}

function peerStatus(nowMs: Millis, peer: Peer): PeerStatus {
  const downBytesPerSecond = peer.down.bytesPerSecond(nowMs)
  const { candidate, pieces } = peer
  return {
    address: candidate.address,
    state: peerState(peer, downBytesPerSecond),
    downBytesPerSecond,
    upBytesPerSecond: peer.up.bytesPerSecond(nowMs),
    downBytes: peer.down.totalBytes,
    progress: pieces === undefined || pieces.size === 0 ? 0 : pieces.count / pieces.size,
    source: candidate.source,
  }
}

function peerState(peer: Peer, downBytesPerSecond: number): PeerStatus['state'] {
  if (peer.phase !== 'open') return 'connecting'
  if (downBytesPerSecond >= SENDING_BYTES_PER_SECOND) return 'sending'
  return peer.isChokingUs ? 'choked' : 'connected'
}
