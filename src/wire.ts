// The published door `torrent-live/wire`: what peers and DHT nodes say, as bytes and as values. Pure: it
// runs wherever JavaScript does. Digests, chance and key exchange are given by the caller.
export {
  type Address,
  BitField,
  formatAddress,
  formatIp,
  fromHex,
  parseAddress,
  parseIp,
  toHex,
} from './core/bytes/index.ts'
export * from './core/wire/index.ts'
export type { Digests, Luck } from './core/world/index.ts'
