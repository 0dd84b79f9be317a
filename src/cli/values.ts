// From the words of a user to values. One reader for the command line, the environment and the config file.
import { isIP } from 'node:net'
import type { ShareMode } from '../node/index.ts'

/** What the user wrote is wrong; the message says what to write instead. Exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

const FACTOR: { readonly [unit: string]: number } = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
  ti: 1024 ** 4,
}

/** `500k`, `2.5M`, `1GiB`, `2MB/s`, `unlimited`; no unit: bytes. */
export function readBytes(text: string): number {
  if (/^(unlimited|none|infinity)$/i.test(text)) return Number.POSITIVE_INFINITY
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]i?)?b?(?:\/s)?$/i.exec(text.trim())
  if (match === null)
    throw new UsageError(`"${text}" is no size: write for example 500k, 2M, 1.5GiB or unlimited.`)
  return Math.floor(Number(match[1]) * (FACTOR[(match[2] ?? '').toLowerCase()] ?? 1))
}

export function readCount(text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= 1 && value <= max) return value
  throw new UsageError(`"${text}" is not a number from 1 to ${max}.`)
}

export function readPort(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (value <= 65535) return value
  throw new UsageError(`"${text}" is no port: write a number from 0 (any free one) to 65535.`)
}

/** A local address; a name could mean several. */
export function readAddress(text: string): string {
  if (isIP(text) !== 0) return text
  throw new UsageError(`"${text}" is no address: write one of this machine, such as 10.0.0.2.`)
}

/** `1.2.3.4:6881`, `[2001:db8::1]:6881` or `router.example:6881`. */
export function readHostPort(text: string): string {
  const port = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[^:\s/[\]]{1,253}):(\d{1,5})$/.exec(text)?.[1]
  if (port !== undefined && Number(port) >= 1 && Number(port) <= 65535) return text
  throw new UsageError(`"${text}" is no address: write host:port, or [address]:port for IPv6.`)
}

export function readShare(text: string): ShareMode {
  if (text === 'off') return { kind: 'off' }
  if (text === 'metadata') return { kind: 'metadata' }
  if (text === 'full' || text === '') return { kind: 'full', ratio: Number.POSITIVE_INFINITY }
  const ratio = /^ratio:(\d{1,6}(?:\.\d{1,3})?)$/.exec(text)?.[1]
  if (ratio !== undefined) return { kind: 'full', ratio: Number(ratio) }
  throw new UsageError(
    `"${text}" is no way to share: write --share, --share=metadata or --share=ratio:1.0.`,
  )
}

export function readYesNo(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true
  if (/^(0|false|no|off|)$/i.test(text)) return false
  throw new UsageError(`"${text}" is neither yes nor no: write true or false.`)
}

export function readOneOf<const T extends string>(text: string, words: readonly T[]): T {
  const word = words.find(one => one === text)
  if (word !== undefined) return word
  throw new UsageError(`"${text}" is not known here: write ${words.join(' or ')}.`)
}

/** A number is a file's index, anything else a pattern of its path. */
export const readFileChoice = (text: string): number | string =>
  /^\d{1,7}$/.test(text) ? Number(text) : text
