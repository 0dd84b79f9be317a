// The door `torrent-live/dht`: a DHT node on a UDP port.
export type { Address } from './core/bytes/index.ts'
export type { Contact, DhtNotice, Item, Router, StoredNotice } from './core/dht/index.ts'
export { type KeyPair, keyPairFromSeed } from './node/ed25519.ts'
export {
  Dht,
  type DhtTask,
  type ItemPlace,
  immutableItem,
  mutableItem,
  type OpenDhtOptions,
  openDht as open,
  PUBLIC_ROUTERS,
} from './node/open-dht.ts'
