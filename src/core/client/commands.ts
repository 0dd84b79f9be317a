// What the floors above may ask of the client, and what it tells them. The client is one machine:
// `Machine<ClientInput, ClientEffect>`; commands are inputs, notices are effects of kind `notify`.
import type { Address } from '../bytes/index.ts'
import type { DhtNotice } from '../dht/index.ts'
import type { PeerNotice, SwarmOptions, SwarmProblem } from '../swarm/index.ts'
import type { Metainfo } from '../wire/index.ts'
import type { Notify, RequestId, WorldEffect, WorldInput } from '../world/index.ts'

/** Numbers a torrent within one client; chosen by whoever adds it. */
export type SwarmId = number & { readonly brand?: 'swarm' }

/** One person watching: every connection of one player shares it, and with it one window. */
export type ViewerId = number & { readonly brand?: 'viewer' }

export type Command =
  | {
      readonly kind: 'add'
      readonly swarm: SwarmId
      readonly source: TorrentSource
      readonly options: SwarmOptions
    }
  /** Forgets the torrent; `deleteFiles` also empties the store of it. Answered by `removed`. */
  | { readonly kind: 'remove'; readonly swarm: SwarmId; readonly deleteFiles: boolean }
  | { readonly kind: 'add-peers'; readonly swarm: SwarmId; readonly peers: readonly Address[] }
  /** Which files are wanted, by index; all of them until this is said. */
  | { readonly kind: 'select'; readonly swarm: SwarmId; readonly files: readonly number[] }
  /**
   * Bytes for a viewer, answered by `read-done` as soon as the first of them is verified, with 1 to
   * `size` bytes. It also moves the viewer's window to `begin`: the next read is expected to follow on.
   */
  | {
      readonly kind: 'read'
      readonly swarm: SwarmId
      readonly viewer: ViewerId
      readonly request: RequestId
      readonly file: number
      readonly begin: number
      readonly size: number
    }
  /** Withdraws a read that has not been answered. */
  | { readonly kind: 'read-cancel'; readonly swarm: SwarmId; readonly request: RequestId }
  /** The viewer is gone: its window and its reads are withdrawn. */
  | { readonly kind: 'viewer-closed'; readonly swarm: SwarmId; readonly viewer: ViewerId }
  /** Changes limits while running; bytes a second, `Infinity` for none. */
  | { readonly kind: 'limits'; readonly down: number; readonly up: number }
  /** Saves everything that a restart needs, then notifies `stopped`. */
  | { readonly kind: 'stop' }

/** Where a torrent comes from: at least one infohash, or the whole metainfo. */
export interface TorrentSource {
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

export type ClientInput = WorldInput | Command

export type ClientNotice =
  | { readonly kind: 'metadata'; readonly swarm: SwarmId; readonly metainfo: Metainfo }
  | { readonly kind: 'piece'; readonly swarm: SwarmId; readonly piece: number }
  | { readonly kind: 'read-done'; readonly request: RequestId; readonly bytes: Uint8Array }
  | { readonly kind: 'read-failed'; readonly request: RequestId; readonly message: string }
  | ({ readonly kind: 'peer'; readonly swarm: SwarmId } & PeerNotice)
  /** Every wanted file is verified and stored. */
  | { readonly kind: 'done'; readonly swarm: SwarmId }
  | { readonly kind: 'problem'; readonly swarm: SwarmId; readonly problem: SwarmProblem }
  | { readonly kind: 'removed'; readonly swarm: SwarmId }
  | { readonly kind: 'dht'; readonly notice: DhtNotice }
  | { readonly kind: 'stopped' }

export type ClientEffect = WorldEffect | Notify<ClientNotice>
