// Floor 5: the client on Node.
export type {
  AddOptions,
  ClientOptions,
  ReadRange,
  ShareMode,
  Torrent,
  TorrentEvent,
  TorrentLive,
} from './client-types.ts'
export { openDht } from './open-dht.ts'
