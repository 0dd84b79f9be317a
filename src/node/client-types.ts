// The client as a Node program holds it: what `openClient` answers. Promises and streams begin here.

import type { PiecesView, TorrentView } from '../api/index.ts'
import type { Metainfo } from '../core/wire/index.ts'

/** How much is given back; `off` is the freerider. @see docs/freerider.md */
export type ShareMode =
  | { readonly kind: 'off' }
  | { readonly kind: 'metadata' }
  | { readonly kind: 'full'; readonly ratio: number }

export interface ClientOptions {
  /** Where the files go. */
  readonly storeDirectory: string
  /** Where resume records, known nodes and torrents are kept. */
  readonly stateDirectory: string
  /** Peers connected at once, for each torrent. */
  readonly connections: number
  /** Bytes a second, `Infinity` for no limit. */
  readonly downLimit: number
  readonly upLimit: number
  /** Bytes on disk at most, `Infinity` for no limit. */
  readonly storeLimit: number
  readonly share: ShareMode
  readonly useDht: boolean
  /** `host:port` of DHT nodes to start from; empty: the public routers. */
  readonly bootstrap: readonly string[]
  /** Accept loopback and private addresses from the DHT. */
  readonly allowPrivate: boolean
  /** Local address to bind outgoing connections and the DHT's socket to. */
  readonly bind?: string
  /** TCP and UDP port to listen on when sharing; 0 chooses one. */
  readonly port: number
}

export interface AddOptions {
  /** `host:port` of peers to try first. */
  readonly peers?: readonly string[]
  /** File indexes or globs; absent: the source's `so=`, else all. */
  readonly files?: readonly (number | string)[]
}

export type TorrentEvent =
  | { readonly type: 'metadata'; readonly metainfo: Metainfo }
  | { readonly type: 'piece'; readonly piece: number }
  | {
      readonly type: 'peer'
      readonly address: string
      readonly state: 'connected' | 'lost' | 'banned' | 'blocked'
      readonly reason?: string
    }
  | { readonly type: 'done' }
  | {
      readonly type: 'problem'
      readonly code: string
      readonly message: string
      readonly isFatal: boolean
    }
  | { readonly type: 'removed' }

export interface ReadRange {
  readonly file: number
  /** First byte, from the start of the file. */
  readonly begin: number
  /** The byte after the last. */
  readonly end: number
  /** Names the viewer: reads with the same name share one window. */
  readonly viewer: string
  readonly signal: AbortSignal
}

export interface Torrent {
  readonly infohash: string
  /** Settles when the file list is known; rejects when the torrent is removed or fails first. */
  readonly metadata: Promise<Metainfo>
  view(): TorrentView
  pieces(): PiecesView
  /** Verified bytes in order, in runs of at most 1 MiB; waits for what is not there yet. Aborting ends it. */
  read(range: ReadRange): AsyncIterable<Uint8Array>
  select(files: readonly number[]): void
  remove(options: { readonly deleteFiles: boolean }): Promise<void>
  /** @returns the function that takes the listener away. */
  onEvent(listener: (event: TorrentEvent) => void): () => void
}

export interface TorrentLive extends AsyncDisposable {
  readonly torrents: readonly Torrent[]
  /**
   * Adds a torrent, or finds it when it is there already.
   *
   * @param source a magnet link, an infohash, a path of a .torrent file, or its bytes.
   * @throws Error named `BadSource`, whose message says what would be accepted.
   */
  add(source: string | Uint8Array, options?: AddOptions): Promise<Torrent>
  onTorrent(listener: (torrent: Torrent) => void): () => void
  /** Saves what a restart needs and lets go of everything. */
  close(): Promise<void>
}
