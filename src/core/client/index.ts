// Floor 4: the client as one machine, and the words between it and the floors above.
export { Blocklist, type IpRange, RANGES_MAX } from './blocklist.ts'
export { Client, type ClientMachineOptions, SWARMS_MAX } from './client.ts'
export type {
  ClientEffect,
  ClientInput,
  ClientNotice,
  Command,
  SwarmId,
  TorrentSource,
  ViewerId,
} from './commands.ts'
export type { Disclosure } from './disclosure.ts'
