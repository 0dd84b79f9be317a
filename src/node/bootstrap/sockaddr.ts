// Endpoints as the C library writes them: `sockaddr_in` and `sockaddr_in6`.
import type { Address } from '../../core/bytes/index.ts'
import { AF_INET, AF_INET6 } from './native.ts'

/** Where the IP starts in a `sockaddr_in` and in a `sockaddr_in6`. */
export const IP_AT = { 4: 4, 16: 8 } as const
/** The size of a `sockaddr_in` and of a `sockaddr_in6`. */
export const SOCKADDR_SIZE = { 4: 16, 16: 28 } as const

/** Writes `address` at `at`; answers its size. The scope of a link-local address is not kept. */
export function writeSockaddr(into: Uint8Array, at: number, address: Address): number {
  const ipSize = address.ip.length as 4 | 16
  const size = SOCKADDR_SIZE[ipSize]
  into.fill(0, at, at + size)
  into[at] = ipSize === 4 ? AF_INET : AF_INET6
  into[at + 2] = address.port >> 8
  into[at + 3] = address.port
  into.set(address.ip, at + IP_AT[ipSize])
  return size
}

export function readSockaddr(bytes: Uint8Array): Address {
  const ipSize = bytes[0] === AF_INET ? 4 : 16
  const at = IP_AT[ipSize]
  return {
    ip: bytes.slice(at, at + ipSize),
    port: ((bytes[2] as number) << 8) | (bytes[3] as number),
  }
}
