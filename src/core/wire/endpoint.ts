// Endpoints and contacts in the compact form that the DHT and peer exchange share (BEP 5, 7, 32).
import { type Address, fromCompact, toCompact } from '../bytes/index.ts'

/** A node that someone named: an id and an address that we have not verified. */
export interface Contact {
  /** 20 bytes. */
  readonly id: Uint8Array
  readonly address: Address
}

/**
 * The contacts of `nodes` (`ipSize` 4) or `nodes6` (16), copied. A rest shorter than a contact, port 0,
 * and IPv4 in IPv6 clothes, which would let one machine count twice, are left out.
 */
export function parseContacts(compact: Uint8Array, ipSize: 4 | 16): Contact[] {
  const size = 20 + ipSize + 2
  const contacts: Contact[] = []
  for (let at = 0; at + size <= compact.length; at += size) {
    const address = parseEndpoint(compact, at + 20, ipSize)
    if (address !== undefined) contacts.push({ id: compact.slice(at, at + 20), address })
  }
  return contacts
}

/** The compact form of contacts of one family, freshly made: 26 or 38 bytes each. */
export function packContacts(contacts: readonly Contact[], ipSize: 4 | 16): Uint8Array {
  const size = 20 + ipSize + 2
  const compact = new Uint8Array(contacts.length * size)
  for (const [index, contact] of contacts.entries()) {
    compact.set(contact.id, index * size)
    compact.set(toCompact(contact.address), index * size + 20)
  }
  return compact
}

/** The endpoint at `offset`, copied; `undefined` for port 0 and for IPv4 mapped into IPv6. */
export function parseEndpoint(
  compact: Uint8Array,
  offset: number,
  ipSize: 4 | 16,
): Address | undefined {
  const address = fromCompact(compact, offset, ipSize)
  return address.port === 0 || (ipSize === 16 && isMapped(address.ip)) ? undefined : address
}

function isMapped(ip: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (ip[at] !== 0) return false
  return ip[10] === 0xff && ip[11] === 0xff
}
