// What one says to a DHT node and hears from it: its inputs, its effects, and the notices inside them.
import type { Address } from '../bytes/index.ts'
import type { Notify, Resolve, Save, UdpSend, WorldInput } from '../world/index.ts'

/** 20 bytes: a node id, an infohash or the target of an item. */
export type Key = Uint8Array

/** Chosen by the caller; names one running task in commands and notices. Not used twice at once. */
export type TaskId = number & { readonly brand?: 'dht-task' }

/** A node that answered, with the id it answered with. */
export interface Contact {
  readonly id: Key
  readonly address: Address
}

/**
 * How a lookup treats its target. `private` walks with decoys and names the infohash to at most 16
 * vetted nodes; `plain` names it to every node on the way. @see privacy.md
 */
export type LookupWay = 'plain' | 'private'

/** Looks for peers of an infohash, once; the caller repeats it as often as it needs peers. */
export interface LookupCommand {
  readonly kind: 'lookup'
  readonly task: TaskId
  /** 20 bytes, copied. */
  readonly infohash: Key
  /** By default `private` for a read-only node, `plain` for one that serves. */
  readonly way?: LookupWay
}

/** Ends a task at once; its last notice is not sent, and no query of it goes out any more. */
export interface StopCommand {
  readonly kind: 'lookup-stop'
  readonly task: TaskId
}

/** Endpoints that may be DHT nodes (a magnet's or a peer's hint). Asked once, used if they answer. */
export interface AddContactsCommand {
  readonly kind: 'add-contacts'
  readonly addresses: readonly Address[]
}

/** Saves the table now instead of at the next period: before the driver ends. */
export interface SaveCommand {
  readonly kind: 'save-now'
}

export type DhtCommand = LookupCommand | StopCommand | AddContactsCommand | SaveCommand

export type DhtInput =
  | Extract<WorldInput, { readonly kind: 'wake' | 'udp-data' | 'resolved' }>
  | DhtCommand

/** Peers that one node returned, in the order in which they came; may repeat earlier ones. */
export interface PeersNotice {
  readonly kind: 'peers'
  readonly task: TaskId
  readonly from: Contact
  readonly peers: readonly Address[]
}

/** The last notice of a lookup. */
export interface LookupDoneNotice {
  readonly kind: 'lookup-done'
  readonly task: TaskId
  /** Datagrams sent for it. */
  readonly queries: number
  readonly answered: number
  /** Distinct addresses that were sent the real infohash. */
  readonly nodesToldTarget: number
  /** The nodes nearest to the infohash that answered, nearest first, at most 8 per address family. */
  readonly closest: readonly Contact[]
}

export type DhtNotice = PeersNotice | LookupDoneNotice

/** `save` uses the name `dht/nodes`; give its bytes back as `DhtOptions.saved` at the next start. */
export type DhtEffect = UdpSend | Resolve | Save | Notify<DhtNotice>
