// Floor 2: a DHT node without sockets, timers or clock, and what it is made of.
export type { Disclosed, Disclosure } from './disclosure.ts'
export type { Family } from './family.ts'
export { isIdBoundTo, isIdValidFor, nodeIdFor } from './id.ts'
export type { Signatures } from './item.ts'
export { immutableTarget, mutableTarget, targetOf } from './item.ts'
export { DhtNode, type DhtOptions, type NetworkStatus } from './node.ts'
export type { Router } from './routers.ts'
export {
  type AddContactsCommand,
  type AnnounceCommand,
  type Contact,
  type DhtCommand,
  type DhtEffect,
  type DhtInput,
  type DhtNotice,
  type FindCommand,
  type FoundNotice,
  type GetCommand,
  type GotNotice,
  type Item,
  type ItemNotice,
  isLastNotice,
  type Key,
  type LookupCommand,
  type LookupDoneNotice,
  type LookupWay,
  type MutableItem,
  type PeersNotice,
  type PingCommand,
  type PongNotice,
  type PutCommand,
  type SampleCommand,
  type SampledNotice,
  type SamplesNotice,
  type SaveCommand,
  type ScrapeCommand,
  type ScrapedNotice,
  type StopCommand,
  type StoredNotice,
  type TaskCommand,
  type TaskId,
  type WalkEnd,
} from './words.ts'
