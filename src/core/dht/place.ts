// Where an endpoint lies, as map keys: the endpoint itself, the machine behind it, and its neighbourhood.
import { type Address, ipScope, toHex } from '../bytes/index.ts'

/** A number for IPv4 (exact below 2^53), hexadecimal text for IPv6. Equal only for equal places. */
export type PlaceKey = number | string

/** Key of one endpoint: IP and port. */
export function endpointKey(address: Address): PlaceKey {
  if (address.ip.length === 4) return ip4Number(address.ip) * 0x10000 + address.port
  return `${toHex(address.ip)}:${address.port}`
}

/**
 * Key of one machine: an IPv4 address, or an IPv6 /64, which is what one customer is given at least.
 * On a local network one machine may run many nodes, so there the port counts.
 */
export function hostKey(address: Address): PlaceKey {
  const { ip } = address
  if (isLocal(ip)) return endpointKey(address)
  return ip.length === 4 ? ip4Number(ip) : toHex(ip.subarray(0, 8))
}

/** Key of one neighbourhood, usually in one hand: an IPv4 /24 or an IPv6 /48. */
export function networkKey(ip: Uint8Array): PlaceKey {
  if (ip.length === 4) return ip4Number(ip) >>> 8
  return toHex(ip.subarray(0, 6))
}

/** Key of one provider's range: an IPv4 /16 or an IPv6 /32. */
export function rangeKey(ip: Uint8Array): PlaceKey {
  if (ip.length === 4) return ip4Number(ip) >>> 16
  return toHex(ip.subarray(0, 4))
}

function ip4Number(ip: Uint8Array): number {
  return (
    (((ip[0] as number) << 24) |
      ((ip[1] as number) << 16) |
      ((ip[2] as number) << 8) |
      (ip[3] as number)) >>>
    0
  )
}

/** Whether a node may live at `address`: a usable port, and a public IP unless private ones are allowed. */
export function isUsable(address: Address, allowPrivate: boolean): boolean {
  if (address.port === 0) return false
  const scope = ipScope(address.ip)
  return scope === 'public' || (allowPrivate && scope !== 'never')
}

/** Local networks hold many nodes behind few prefixes, so limits by neighbourhood do not fit them. */
export function isLocal(ip: Uint8Array): boolean {
  return ipScope(ip) !== 'public'
}
