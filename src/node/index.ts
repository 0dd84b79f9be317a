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
export { type KeyPair, keyPairFromSeed } from './ed25519.ts'
export { makeFolder } from './make-folder.ts'
export { openClient } from './open-client.ts'
export {
  type Dht,
  immutableItem,
  mutableItem,
  type OpenDhtOptions,
  openDht,
} from './open-dht.ts'
export { defaultStateDirectory } from './state-file.ts'
