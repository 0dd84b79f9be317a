// Every option once: its name, what it takes, what it means. The command line, the environment and the config file are
// all read through this table, so they cannot differ.
import type { ShareMode } from '../node/index.ts'
import {
  readAddress,
  readBytes,
  readCount,
  readFileChoice,
  readHostPort,
  readOneOf,
  readPort,
  readShare,
  readYesNo,
} from './values.ts'

export interface Settings {
  readonly directory: string
  readonly file: readonly (number | string)[]
  readonly storeLimit: number
  readonly remove: boolean
  readonly exit: boolean
  readonly open: boolean
  readonly player: 'mpv' | 'vlc' | undefined
  readonly peer: readonly string[]
  readonly bootstrap: readonly string[]
  readonly dht: boolean
  readonly allowPrivate: boolean
  readonly connections: number
  readonly down: number
  readonly up: number
  readonly bind: string | undefined
  readonly share: ShareMode
  readonly port: number
  /** Absent: the usual port, or any free one when that is taken. */
  readonly http: number | undefined
  readonly host: string
  readonly state: string | undefined
  readonly json: boolean
  readonly verbose: boolean
}

export type SettingName = keyof Settings

export interface OptionRow {
  /** As commander reads it. `--no-…` is a switch that is on by default. */
  readonly flags: string
  readonly description: string
  readonly group: string
  readonly read: (text: string) => unknown
  /** May be given several times, or as a list with commas. */
  readonly isList?: boolean
}

/** Above this a home router gives up before the peers do. */
const CONNECTIONS_MAX = 500

const PLAYING = 'Watching:'
const STORING = 'Files:'
const FINDING = 'Peers:'
const GIVING = 'Sharing (off: you only take, and tell as little as the protocol allows):'
export const RUNNING = 'Running:'

export const optionTable: { readonly [name in SettingName]: OptionRow | undefined } = {
  directory: undefined,
  open: {
    flags: '--open',
    description: 'open the page in the browser',
    group: PLAYING,
    read: readYesNo,
  },
  player: {
    flags: '--player <name>',
    description: 'play the first video in mpv or vlc',
    group: PLAYING,
    read: text => readOneOf(text, ['mpv', 'vlc']),
  },
  file: {
    flags: '--file <n|glob>',
    description: 'only these: an index or a pattern, "*.mkv" (repeatable)',
    group: PLAYING,
    read: readFileChoice,
    isList: true,
  },
  exit: {
    flags: '--exit',
    description: 'quit when all is there and nobody is watching',
    group: STORING,
    read: readYesNo,
  },
  remove: {
    flags: '--remove',
    description: 'delete the files at the end',
    group: STORING,
    read: readYesNo,
  },
  storeLimit: {
    flags: '--store-limit <size>',
    description: 'bytes on disk at most, 20G; what was watched goes',
    group: STORING,
    read: readBytes,
  },
  state: {
    flags: '--state <directory>',
    description: 'where torrents, progress and DHT nodes are kept',
    group: STORING,
    read: text => text,
  },
  peer: {
    flags: '--peer <host:port>',
    description: 'a peer to try first (repeatable)',
    group: FINDING,
    read: readHostPort,
    isList: true,
  },
  bootstrap: {
    flags: '--bootstrap <host:port>',
    description: 'start from this DHT node, not the public (repeatable)',
    group: FINDING,
    read: readHostPort,
    isList: true,
  },
  dht: {
    flags: '--no-dht',
    description: 'ask nobody for peers',
    group: FINDING,
    read: readYesNo,
  },
  allowPrivate: {
    flags: '--allow-private',
    description: 'take loopback and private addresses from the DHT',
    group: FINDING,
    read: readYesNo,
  },
  connections: {
    flags: '--connections <n>',
    description: 'peers at once, for each torrent (20)',
    group: FINDING,
    read: text => readCount(text, CONNECTIONS_MAX),
  },
  down: {
    flags: '--down <rate>',
    description: 'bytes a second at most, such as 2M',
    group: FINDING,
    read: readBytes,
  },
  bind: {
    flags: '--bind <address>',
    description: 'local address that all connections leave from',
    group: FINDING,
    read: readAddress,
  },
  share: {
    flags: '--share[=mode]',
    description: 'listen, announce, upload; at most ratio:1.0; or only metadata, to peers we dial',
    group: GIVING,
    read: readShare,
  },
  up: {
    flags: '--up <rate>',
    description: 'bytes a second at most, such as 2M',
    group: GIVING,
    read: readBytes,
  },
  port: {
    flags: '--port <n>',
    description: 'TCP and UDP port of a full --share (any free one)',
    group: GIVING,
    read: readPort,
  },
  http: {
    flags: '--http <port>',
    description: 'port of the page (7070, or any free one)',
    group: RUNNING,
    read: readPort,
  },
  host: {
    flags: '--host <address>',
    description: 'address of the page; not 127.0.0.1: needs a token',
    group: RUNNING,
    read: text => text,
  },
  json: {
    flags: '--json',
    description: 'one JSON object a line (docs/json.md)',
    group: RUNNING,
    read: readYesNo,
  },
  verbose: {
    flags: '--verbose',
    description: 'tell more about peers and errors',
    group: RUNNING,
    read: readYesNo,
  },
}

export const defaults: Settings = {
  directory: 'store',
  file: [],
  storeLimit: Number.POSITIVE_INFINITY,
  remove: false,
  exit: false,
  open: false,
  player: undefined,
  peer: [],
  bootstrap: [],
  dht: true,
  allowPrivate: false,
  connections: 20,
  down: Number.POSITIVE_INFINITY,
  up: Number.POSITIVE_INFINITY,
  bind: undefined,
  share: { kind: 'off' },
  port: 0,
  http: undefined,
  host: '127.0.0.1',
  state: undefined,
  json: false,
  verbose: false,
}
