// The door `torrent-live/dht`: a DHT node on a UDP port.
export type { Address } from './core/bytes/index.ts'
export type { Contact, DhtNotice, Router } from './core/dht/index.ts'
export {
  Dht,
  type DhtTask,
  type OpenDhtOptions,
  openDht as open,
  PUBLIC_ROUTERS,
} from './node/open-dht.ts'
