// The two networks of BEP 32: IPv4 and IPv6 nodes keep tables of their own and name each other on request.
import type { Want } from '../wire/index.ts'

export type Family = 'ipv4' | 'ipv6'

export const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']

export function familyOf(address: { readonly ip: Uint8Array }): Family {
  return address.ip.length === 4 ? 'ipv4' : 'ipv6'
}

export const IP_SIZE = { ipv4: 4, ipv6: 16 } as const

/** What to put into `want`: nothing where the family of the datagram is the only one of interest. */
export function wantOf(families: readonly Family[]): Want | undefined {
  return families.length === 2 ? 'both' : undefined
}
