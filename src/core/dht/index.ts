// Floor 2: a DHT node without sockets, timers or clock, and what it is made of.
export type { Disclosed, Disclosure } from './disclosure.ts'
export type { Family } from './family.ts'
export { isIdBoundTo, nodeIdFor } from './id.ts'
export { DhtNode, type DhtOptions } from './node.ts'
export type { Router } from './routers.ts'
export type {
  AddContactsCommand,
  Contact,
  DhtCommand,
  DhtEffect,
  DhtInput,
  DhtNotice,
  Key,
  LookupCommand,
  LookupDoneNotice,
  LookupWay,
  PeersNotice,
  SaveCommand,
  StopCommand,
  TaskId,
} from './words.ts'
