// What a swarm is told, what it tells, and what it shows of itself: the words between it and the client.
import type { Address } from '../bytes/index.ts'
import type { StoreProblem } from '../storage/index.ts'
import type { Metainfo } from '../wire/index.ts'
import type { Notify, RequestId, WorldEffect, WorldInput } from '../world/index.ts'

/** How much is given back. `off` is the freerider. @see docs/freerider.md */
export type Sharing =
  | { readonly kind: 'off' }
  /** Metadata is served to peers that we dialled; pieces are not. */
  | { readonly kind: 'metadata' }
  /** Pieces too, until `ratio` times the torrent's size has been sent; `Infinity` for no end. */
  | { readonly kind: 'full'; readonly ratio: number }

/**
 * What may be said to peers beyond asking for bytes. Decided in one place, `client/disclosure.ts`, which
 * also keeps the account of what was told to whom.
 */
export interface Discretion {
  readonly servesMetadata: boolean
  readonly servesPieces: boolean
  readonly exchangesPeers: boolean
  /** `address` learns our IP and what `fact` says. */
  told(address: Address, fact: 'infohash' | 'pieces'): void
}

/** Where a torrent comes from: at least one infohash, or the whole metainfo. */
export interface SwarmSource {
  /** 20 bytes: SHA-1 of the v1 info dictionary, or the first 20 of the v2 one. */
  readonly infohash: Uint8Array
  /** 32 bytes where the torrent is v2 or hybrid. */
  readonly infohash2?: Uint8Array
  readonly name?: string
  readonly metainfo?: Metainfo
  readonly peers?: readonly Address[]
  /** File indexes of the magnet's `so=` or the user's choice; absent: all. */
  readonly select?: readonly number[]
  /** What `save` kept under `resume/<infohash>` in an earlier run. */
  readonly resume?: Uint8Array
}

export type SwarmCommand =
  | { readonly kind: 'add-peers'; readonly peers: readonly Address[]; readonly from?: PeerSource }
  /** Which files are wanted, by index; all of them until this is said. */
  | { readonly kind: 'select'; readonly files: readonly number[] }
  /**
   * Bytes for a viewer, answered by `read-done` as soon as the first of them is verified, with 1 to
   * `size` bytes. It also moves the viewer's window to `begin`: the next read is expected to follow on.
   */
  | {
      readonly kind: 'read'
      readonly viewer: number
      readonly request: RequestId
      readonly file: number
      readonly begin: number
      readonly size: number
    }
  /** Withdraws a read that has not been answered. */
  | { readonly kind: 'read-cancel'; readonly request: RequestId }
  /** The viewer is gone: its window and its reads are withdrawn. */
  | { readonly kind: 'viewer-closed'; readonly viewer: number }
  /** Lets go of every peer; with `deleteFiles` also of the files. Answered by `removed`. */
  | { readonly kind: 'remove'; readonly deleteFiles: boolean }
  /** Lets go of every peer and saves what a restart needs. Answered by `stopped`. */
  | { readonly kind: 'stop' }

export type SwarmInput = WorldInput | SwarmCommand

export type SwarmNotice =
  | { readonly kind: 'metadata'; readonly metainfo: Metainfo }
  | { readonly kind: 'piece'; readonly piece: number }
  | { readonly kind: 'read-done'; readonly request: RequestId; readonly bytes: Uint8Array }
  | { readonly kind: 'read-failed'; readonly request: RequestId; readonly message: string }
  | ({ readonly kind: 'peer' } & PeerNotice)
  /** Every wanted file is verified and stored. */
  | { readonly kind: 'done' }
  | { readonly kind: 'problem'; readonly problem: SwarmProblem }
  | { readonly kind: 'removed' }
  | { readonly kind: 'stopped' }

export type SwarmEffect = WorldEffect | Notify<SwarmNotice>

export interface SwarmOptions {
  /** Peers connected at once. */
  readonly connectionsMax: number
  readonly sharing: Sharing
  /** Bytes of the torrent kept on disk at most, `Infinity` for no limit. */
  readonly storeLimitBytes: number
}

/** Where an address came from. */
export type PeerSource = 'dht' | 'given' | 'incoming' | 'pex'

/** What becomes of a peer; `reason` is a word in kebab case for whoever looks into it. */
export interface PeerNotice {
  readonly address: Address
  readonly state: 'connected' | 'lost' | 'banned' | 'blocked'
  readonly reason?: string
}

/** Something that the user should know, in one sentence that says what to do. */
export interface SwarmProblem {
  /** `over`: the problem whose code is `message` is over. */
  readonly code: 'bad-metadata' | 'no-peers' | 'over' | 'too-many-torrents' | StoreProblem
  readonly message: string
  readonly isFatal: boolean
}

export type SwarmState =
  | 'finding-peers'
  | 'fetching-metadata'
  | 'checking'
  | 'downloading'
  | 'done'
  | 'paused'
  | 'failed'

export interface PeerStatus {
  readonly address: Address
  readonly state: 'connecting' | 'connected' | 'choked' | 'sending'
  readonly downBytesPerSecond: number
  readonly upBytesPerSecond: number
  readonly downBytes: number
  /** 0–1: how much of the torrent it says to have. */
  readonly progress: number
  readonly source: PeerSource
}

export interface ViewerStatus {
  readonly file: number
  /** Where the player reads, from the start of the file. */
  readonly positionBytes: number
  readonly windowBytes: number
}

export interface FileStatus {
  readonly isWanted: boolean
  readonly verifiedBytes: number
  readonly contiguousBytes: number
}

/** Everything that is shown of a torrent; made afresh for each question. */
export interface SwarmStatus {
  readonly infohash: Uint8Array
  readonly name: string | undefined
  readonly state: SwarmState
  readonly problem: SwarmProblem | undefined
  /** 0 until the metadata is known, as are the sizes below. */
  readonly totalBytes: number
  readonly wantedBytes: number
  readonly verifiedBytes: number
  readonly contiguousBytes: number
  readonly wastedBytes: number
  readonly downBytes: number
  readonly upBytes: number
  readonly downBytesPerSecond: number
  readonly upBytesPerSecond: number
  readonly pieceBytes: number
  readonly pieceCount: number
  /** In the order of the metainfo's files. */
  readonly files: readonly FileStatus[]
  readonly peers: readonly PeerStatus[]
  readonly peersKnown: number
  readonly connectionsMax: number
  readonly viewers: readonly ViewerStatus[]
}

/** The state of every piece, for a piece map. */
export interface PiecesStatus {
  readonly pieceCount: number
  /** A bit field, bit 7 of byte 0 is piece 0: verified. Freshly made. */
  readonly verified: Uint8Array
  /** Pieces being fetched or checked now. */
  readonly inFlight: readonly number[]
}
