// What the HTTP interface shows of a torrent: the JSON that the page, the console and scripts read.
// Sizes are bytes, speeds bytes a second, times milliseconds; infohashes are lower-case hexadecimal.

export type TorrentState =
  | 'finding-peers'
  | 'fetching-metadata'
  | 'checking'
  | 'downloading'
  | 'done'
  | 'paused'
  | 'failed'

/** Something that the user should know, in one sentence that says what to do. */
export interface ProblemView {
  /** Kebab-case, stable: `disk-full`, `no-peers`, `disk-lost`, `store-limit`, `bad-metadata` … */
  readonly code: string
  readonly message: string
  readonly isFatal: boolean
}

export type MediaKind = 'video' | 'audio' | 'image' | 'subtitle' | 'text' | 'other'

export interface FileView {
  readonly index: number
  /** Safe relative path with `/` between its parts, as in the store directory. */
  readonly path: string
  readonly bytes: number
  /** Where the file starts in the torrent's line of bytes, padding files counted: its first piece is `offsetBytes / pieceBytes`, rounded down. */
  readonly offsetBytes: number
  readonly verifiedBytes: number
  /** How far the file is a correct prefix of the final one on disk. */
  readonly contiguousBytes: number
  readonly isWanted: boolean
  readonly kind: MediaKind
  /** MIME type as served. */
  readonly mime: string
  /** Path of the stream on this server: `/stream/<infohash>/<index>/<name>`. */
  readonly url: string
}

export type PeerState = 'connecting' | 'connected' | 'choked' | 'sending'

export interface PeerView {
  /** `1.2.3.4:6881` or `[2001:db8::1]:6881`. */
  readonly address: string
  readonly state: PeerState
  readonly downBytesPerSecond: number
  readonly upBytesPerSecond: number
  readonly downBytes: number
  /** 0 to 1: how much of the torrent it says to have. */
  readonly progress: number
  readonly source: 'dht' | 'given' | 'incoming' | 'pex'
}

export interface ViewerView {
  readonly file: number
  /** Where the player reads, from the start of the file. */
  readonly positionBytes: number
  /** How much ahead of it is asked for first. */
  readonly windowBytes: number
}

export interface TorrentView {
  readonly infohash: string
  /** `null` until the metadata or the magnet says it. */
  readonly name: string | null
  readonly state: TorrentState
  readonly problem: ProblemView | null
  readonly totalBytes: number
  readonly wantedBytes: number
  readonly verifiedBytes: number
  readonly contiguousBytes: number
  readonly wastedBytes: number
  readonly downBytesPerSecond: number
  readonly upBytesPerSecond: number
  /** Until every wanted file is there, at the present speed; `null` when that cannot be told. */
  readonly secondsLeft: number | null
  readonly pieceBytes: number
  readonly pieceCount: number
  readonly files: readonly FileView[]
  readonly peers: readonly PeerView[]
  /** Addresses known and not connected. */
  readonly peersKnown: number
  readonly connectionsMax: number
  readonly viewers: readonly ViewerView[]
}

/** State of every piece, for the piece map. */
export interface PiecesView {
  readonly pieceCount: number
  /** Base64 of a bit field, bit 7 of byte 0 is piece 0: verified. */
  readonly verified: string
  /** Pieces being fetched or checked now. */
  readonly inFlight: readonly number[]
}

/** RFC 9457, served as `application/problem+json`; `detail` says what to do. */
export interface ProblemDetails {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
}
