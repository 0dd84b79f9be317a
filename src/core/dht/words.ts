// What one says to a DHT node and hears from it: its inputs, its effects, and the notices inside them.
import type { Address } from '../bytes/index.ts'
import type { MutableFields } from '../wire/index.ts'
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

/** An item of BEP 44; `value` is bencoded, at most 1,000 bytes. */
export interface Item {
  readonly value: Uint8Array
  /** Absent for an immutable item. */
  readonly mutable?: MutableItem | undefined
}

export type MutableItem = Omit<MutableFields, 'cas'>

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

/** Finds the nodes nearest to `target`, telling it to every node on the way. */
export interface FindCommand {
  readonly kind: 'find'
  readonly task: TaskId
  readonly target: Key
}

/** Announces us as a peer to the nodes nearest to `infohash`, and asks them whether they have it. */
export interface AnnounceCommand {
  readonly kind: 'announce'
  readonly task: TaskId
  readonly infohash: Key
  /** 1–65535; 0: the port from which our datagrams come, for peers that speak uTP on it. */
  readonly port: number
  readonly isSeed?: boolean
}

/** Reads an item. @see BEP 44 */
export interface GetCommand {
  readonly kind: 'get'
  readonly task: TaskId
  readonly target: Key
  /** Of a mutable item that has one: without it, it cannot be verified. */
  readonly salt?: Uint8Array
}

/** Stores an item at the nodes nearest to its target, and asks them whether they have it. */
export interface PutCommand {
  readonly kind: 'put'
  readonly task: TaskId
  readonly item: Item
  /** Stores only where the item there has this sequence number. */
  readonly cas?: bigint
  /** Stores it again every hour until the task is stopped. */
  readonly isKept?: boolean
}

/** Counts the peers of `infohash` without asking for them. @see BEP 33 */
export interface ScrapeCommand {
  readonly kind: 'scrape'
  readonly task: TaskId
  readonly infohash: Key
}

/** Collects infohashes that nodes near `target` keep. @see BEP 51 */
export interface SampleCommand {
  readonly kind: 'sample'
  readonly task: TaskId
  readonly target: Key
}

/** Asks one node for a sign of life. */
export interface PingCommand {
  readonly kind: 'ping'
  readonly task: TaskId
  readonly address: Address
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

export type TaskCommand =
  | LookupCommand
  | FindCommand
  | AnnounceCommand
  | GetCommand
  | PutCommand
  | ScrapeCommand
  | SampleCommand
  | PingCommand

export type DhtCommand = TaskCommand | StopCommand | AddContactsCommand | SaveCommand

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

/** What every last notice of a walk says. */
export interface WalkEnd {
  readonly task: TaskId
  /** Datagrams sent for it. */
  readonly queries: number
  readonly answered: number
  /** The nodes nearest to the target that answered, nearest first, at most 8 per address family. */
  readonly closest: readonly Contact[]
}

/** The last notice of a lookup. */
export interface LookupDoneNotice extends WalkEnd {
  readonly kind: 'lookup-done'
  /** Distinct addresses that were sent the real infohash. */
  readonly nodesToldTarget: number
}

export interface FoundNotice extends WalkEnd {
  readonly kind: 'found'
}

/** The last notice of an announce or a put. */
export interface StoredNotice extends WalkEnd {
  readonly kind: 'stored'
  /** Nodes that said that they took it. */
  readonly accepted: number
  /** Nodes that gave it back when asked again. */
  readonly verified: number
  /** Why others refused it: codes of KRPC errors, e.g. 301 where `cas` does not fit. */
  readonly refusals: readonly number[]
}

/** A verified item that one node returned; of a mutable one each is newer than the one before. */
export interface ItemNotice {
  readonly kind: 'item'
  readonly task: TaskId
  readonly from: Contact
  readonly item: Item
}

/** The last notice of a get. */
export interface GotNotice extends WalkEnd {
  readonly kind: 'got'
  /** The newest verified item; `undefined` where nobody had one. */
  readonly item: Item | undefined
}

/** The last notice of a scrape: estimates, from the filters of all nodes together. */
export interface ScrapedNotice extends WalkEnd {
  readonly kind: 'scraped'
  readonly seeds: number
  readonly peers: number
  /** Nodes that keep the infohash and gave filters. */
  readonly filters: number
}

export interface SamplesNotice {
  readonly kind: 'samples'
  readonly task: TaskId
  readonly from: Contact
  readonly infohashes: readonly Key[]
  /** How many that node keeps. */
  readonly total: number
}

export interface SampledNotice extends WalkEnd {
  readonly kind: 'sampled'
}

/** The last notice of a ping. */
export interface PongNotice {
  readonly kind: 'pong'
  readonly task: TaskId
  /** `undefined` where nothing came. */
  readonly node: Contact | undefined
  readonly roundTripMs: number | undefined
}

export type DhtNotice =
  | PeersNotice
  | LookupDoneNotice
  | FoundNotice
  | StoredNotice
  | ItemNotice
  | GotNotice
  | ScrapedNotice
  | SamplesNotice
  | SampledNotice
  | PongNotice

/** Whether `notice` is the last one of its task. */
export function isLastNotice(notice: DhtNotice): boolean {
  return notice.kind !== 'peers' && notice.kind !== 'item' && notice.kind !== 'samples'
}

/** `save` uses the name `dht/nodes`; give its bytes back as `DhtOptions.saved` at the next start. */
export type DhtEffect = UdpSend | Resolve | Save | Notify<DhtNotice>
