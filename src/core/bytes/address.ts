// An endpoint: an IP address and a port, its text forms, and the compact form of BEP 5, 7 and 32.

/** An endpoint. `ip` is 4 or 16 bytes in network order, never an IPv4-mapped IPv6 address. */
export interface Address {
  readonly ip: Uint8Array
  /** 0–65535; 0 is never a valid destination. */
  readonly port: number
}

/** `ip` as text: dotted for 4 bytes, RFC 5952 for 16. */
export function formatIp(ip: Uint8Array): string {
  return ip.length === 4 ? ip.join('.') : formatIp6(ip)
}

/** `1.2.3.4:80` or `[2001:db8::1]:80`; also the form in which an endpoint is a map key. */
export function formatAddress(address: Address): string {
  const ip = formatIp(address.ip)
  return address.ip.length === 4 ? `${ip}:${address.port}` : `[${ip}]:${address.port}`
}

function formatIp6(ip: Uint8Array): string {
  const words: number[] = []
  for (let at = 0; at < 16; at += 2) words.push(((ip[at] as number) << 8) | (ip[at + 1] as number))
  const zeros = longestZeroRun(words)
  const hex = (part: readonly number[]) => part.map(word => word.toString(16)).join(':')
  if (zeros.size < 2) return hex(words)
  return `${hex(words.slice(0, zeros.start))}::${hex(words.slice(zeros.start + zeros.size))}`
}

function longestZeroRun(words: readonly number[]): { start: number; size: number } {
  let best = { start: 0, size: 0 }
  for (let start = 0; start < words.length; start++) {
    let size = 0
    while (words[start + size] === 0) size++
    if (size > best.size) best = { start, size }
  }
  return best
}

/**
 * The bytes of an IPv4 or IPv6 address in text.
 *
 * @returns 4 or 16 bytes, freshly made (an IPv4-mapped address as 4), or `undefined` for anything else.
 */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIp6(text) : parseIp4(text)
}

function parseIp4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some(part => !/^\d{1,3}$/.test(part) || Number(part) > 255)) {
    return undefined
  }
  return Uint8Array.from(parts, Number)
}

function parseIp6(text: string): Uint8Array | undefined {
  const halves = (text.split('%')[0] as string).split('::')
  if (halves.length > 2) return undefined
  const head = ip6Words(halves[0] as string)
  const tail = halves.length === 2 ? ip6Words(halves[1] as string) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const words = [...head, ...new Array<number>(missing).fill(0), ...tail]
  const ip = new Uint8Array(16)
  words.forEach((word, index) => {
    ip[index * 2] = word >> 8
    ip[index * 2 + 1] = word & 255
  })
  const isMapped = words.slice(0, 5).every(word => word === 0) && words[5] === 0xffff
  return isMapped ? ip.slice(12) : ip
}

function ip6Words(text: string): number[] | undefined {
  if (text === '') return []
  const words: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const dotted = index === parts.length - 1 && part.includes('.') ? parseIp4(part) : undefined
    if (dotted !== undefined) {
      const [a, b, c, d] = dotted as unknown as [number, number, number, number]
      words.push((a << 8) | b, (c << 8) | d)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) words.push(Number.parseInt(part, 16))
    else return undefined
  }
  return words
}

/** Parses `1.2.3.4:80` and `[2001:db8::1]:80`; `undefined` for anything else, port 0 included. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const ip = parseIp((match[1] ?? match[2]) as string)
  const port = Number(match[3])
  if (ip === undefined || port < 1 || port > 65535) return undefined
  return { ip, port }
}

/** Compact form: 4 or 16 bytes of IP and 2 of port, both in network order. @see BEP 5, BEP 7 */
export function toCompact(address: Address): Uint8Array {
  const compact = new Uint8Array(address.ip.length + 2)
  compact.set(address.ip)
  compact[address.ip.length] = address.port >> 8
  compact[address.ip.length + 1] = address.port & 255
  return compact
}

/** The endpoint whose compact form is at `offset`, `ipSize` 4 or 16. The caller has checked the size. */
export function fromCompact(bytes: Uint8Array, offset: number, ipSize: 4 | 16): Address {
  const end = offset + ipSize
  return {
    ip: bytes.slice(offset, end),
    port: ((bytes[end] as number) << 8) | (bytes[end + 1] as number),
  }
}

/**
 * Where on the Internet an IP lies. `public` may be met anywhere; `loopback` and `private` only with
 * `--allow-private`; `never` (unspecified, multicast, broadcast, reserved) is no one's address.
 *
 * @see RFC 6890
 */
export type IpScope = 'public' | 'loopback' | 'private' | 'never'

export function ipScope(ip: Uint8Array): IpScope {
  return ip.length === 4 ? ip4Scope(ip) : ip6Scope(ip)
}

function ip4Scope(ip: Uint8Array): IpScope {
  const a = ip[0] as number
  const b = ip[1] as number
  if (a === 0 || a >= 224) return 'never'
  if (a === 127) return 'loopback'
  if (a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168)) return 'private'
  if ((a === 169 && b === 254) || (a === 100 && b >> 6 === 1)) return 'private'
  return 'public'
}

function ip6Scope(ip: Uint8Array): IpScope {
  const a = ip[0] as number
  const b = ip[1] as number
  if (a === 0xff) return 'never'
  if (a === 0xfe && b >> 6 === 2) return 'private'
  if (a >> 1 === 0x7e) return 'private'
  if (a >> 5 === 1) return 'public'
  const isZeroToLast = ip.subarray(0, 15).every(byte => byte === 0)
  return isZeroToLast && ip[15] === 1 ? 'loopback' : 'never'
}
