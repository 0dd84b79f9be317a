// What the floors above may ask of the client, and what it tells them. The client is one machine:
// `Machine<ClientInput, ClientEffect>`; commands are inputs, notices are effects of kind `notify`.
import type { DhtNotice } from '../dht/index.ts'
import type { SwarmCommand, SwarmNotice, SwarmOptions, SwarmSource } from '../swarm/index.ts'
import type { Notify, WorldEffect, WorldInput } from '../world/index.ts'

/** Numbers a torrent within one client; chosen by whoever adds it. */
export type SwarmId = number & { readonly brand?: 'swarm' }

/** One person watching: every connection of one player shares it, and with it one window. */
export type ViewerId = number & { readonly brand?: 'viewer' }

/** Where a torrent comes from: at least one infohash, or the whole metainfo. */
export type TorrentSource = SwarmSource

export type Command =
  | {
      readonly kind: 'add'
      readonly swarm: SwarmId
      readonly source: TorrentSource
      readonly options: SwarmOptions
    }
  /** `add-peers`, `select`, `read`, `read-cancel`, `viewer-closed` and `remove`, to one torrent. */
  | ({ readonly swarm: SwarmId } & Exclude<SwarmCommand, { readonly kind: 'stop' }>)
  /** Changes limits while running; bytes a second, `Infinity` for none. */
  | { readonly kind: 'limits'; readonly down: number; readonly up: number }
  /** Saves everything that a restart needs, then notifies `stopped`. */
  | { readonly kind: 'stop' }

export type ClientInput = WorldInput | Command

/** `read-done` and `read-failed` carry the `swarm` too, but a request's number is enough to know it. */
export type ClientNotice =
  | ({ readonly swarm: SwarmId } & Exclude<SwarmNotice, { readonly kind: 'stopped' }>)
  | { readonly kind: 'dht'; readonly notice: DhtNotice }
  /** The torrent's machine had a mistake of ours and was stopped; the others go on. */
  | { readonly kind: 'broken'; readonly swarm: SwarmId; readonly error: unknown }
  | { readonly kind: 'stopped' }

export type ClientEffect = WorldEffect | Notify<ClientNotice>
