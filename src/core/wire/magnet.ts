// What a user may paste: a magnet link (BEP 9, 52, 53) or a bare infohash.
import { fromHex, toHex } from '../bytes/index.ts'
import { FILES_MAX } from './metainfo.ts'

/** Characters of a link that are read; the longest in use, with dozens of trackers, have some 5,000. */
export const MAGNET_LIMIT_CHARACTERS = 65_536
/** Trackers, peers, web seeds and sources of each kind that are kept. */
export const MAGNET_LIST_MAX = 200
/** Characters of a name that are kept. */
export const MAGNET_NAME_LIMIT = 4096

export interface Magnet {
  /** 20 bytes. Absent where only a v2 infohash is given. */
  readonly infohash1?: Uint8Array | undefined
  /** 32 bytes. */
  readonly infohash2?: Uint8Array | undefined
  /** 20 bytes, what peers and the DHT call the torrent. */
  readonly infohash: Uint8Array
  /** `dn`: for people, until the metadata says otherwise. */
  readonly name?: string | undefined
  /** `x.pe`: host names and IPs as they are written, IPv6 without brackets; ports are 1–65535. */
  readonly peers: readonly MagnetPeer[]
  /** `so`: file indexes below `FILES_MAX`, sorted, each once; `undefined`: all. */
  readonly select?: readonly number[] | undefined
  /** `tr` */
  readonly trackers: readonly string[]
  /** `ws` */
  readonly webSeeds: readonly string[]
  /** `xs` and `as`: where a .torrent file may be had. */
  readonly exactSources: readonly string[]
}

export interface MagnetPeer {
  readonly host: string
  readonly port: number
}

/** Why a text is no source: a fixed word for the program and one sentence for the user. */
export interface MagnetProblem {
  readonly problem: 'not-a-source' | 'no-infohash' | 'infohash-malformed' | 'too-long'
  readonly message: string
}

/** A multihash says first which hash it is (0x12: SHA-256) and of how many bytes (0x20). */
const MULTIHASH_HEAD = '1220'
const SHA1_BYTES = 20

/**
 * Reads a magnet link, 40 hexadecimal or 32 base32 digits (v1), or 64 hexadecimal digits or a multihash
 * of 68 (v2). Parameters that are not known or cannot be read are ignored.
 *
 * @returns what is wrong, never an exception: a user typed it.
 */
export function parseMagnet(text: string): Magnet | MagnetProblem {
  if (text.length > MAGNET_LIMIT_CHARACTERS) {
    const limit = MAGNET_LIMIT_CHARACTERS
    return { problem: 'too-long', message: `A magnet link has at most ${limit} characters.` }
  }
  const trimmed = text.trim()
  const link = /^magnet:(?:\/\/)?\/?\?(.*)$/is.exec(trimmed)
  if (link !== null) return readLink(link[1] as string)
  const hashes = readBareHash(trimmed)
  if (hashes !== undefined) return magnetOf(hashes, [])
  return {
    problem: 'not-a-source',
    message:
      'This is neither a magnet link nor an infohash (40 hexadecimal or 32 base32 digits, or 64 for v2).',
  }
}

/** The link that says `magnet`; reading it gives the same again. */
export function formatMagnet(magnet: Magnet): string {
  const parts: string[] = []
  if (magnet.infohash1 !== undefined) parts.push(`xt=urn:btih:${toHex(magnet.infohash1)}`)
  if (magnet.infohash2 !== undefined) {
    parts.push(`xt=urn:btmh:${MULTIHASH_HEAD}${toHex(magnet.infohash2)}`)
  }
  const add = (key: string, value: string) => parts.push(`${key}=${encodeURIComponent(value)}`)
  if (magnet.name !== undefined) add('dn', magnet.name)
  for (const { host, port } of magnet.peers) {
    add('x.pe', host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
  }
  if (magnet.select !== undefined) parts.push(`so=${formatRanges(magnet.select)}`)
  for (const tracker of magnet.trackers) add('tr', tracker)
  for (const webSeed of magnet.webSeeds) add('ws', webSeed)
  for (const source of magnet.exactSources) add('xs', source)
  return `magnet:?${parts.join('&')}`
}

interface Hashes {
  readonly infohash1: Uint8Array | undefined
  readonly infohash2: Uint8Array | undefined
}

type Parameter = readonly [key: string, value: string]

function readLink(query: string): Magnet | MagnetProblem {
  const parameters: Parameter[] = query.split('&').map(part => {
    const equals = part.indexOf('=')
    const key = equals < 0 ? part : part.slice(0, equals)
    // `xt.1`, `tr.2`: numbered ones mean the same as plain ones; `x.pe` is a name of its own.
    return [key.toLowerCase().replace(/\.\d+$/, ''), readEscapes(part.slice(key.length + 1))]
  })
  const topics = parameters.filter(([key]) => key === 'xt').map(([, value]) => value)
  const hashes = readTopics(topics)
  if (hashes !== undefined) return magnetOf(hashes, parameters)
  if (topics.some(topic => /^urn:bt[im]h:/i.test(topic))) {
    return {
      problem: 'infohash-malformed',
      message:
        'The infohash of this magnet link is damaged: urn:btih: wants 40 hexadecimal or 32 base32 digits, urn:btmh: 1220 and 64 hexadecimal digits.',
    }
  }
  return { problem: 'no-infohash', message: 'This magnet link names no torrent (xt=urn:btih:…).' }
}

/** `%XX` undone and `+` as the space that it stands for; broken escapes stay as they are. */
function readEscapes(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return wellFormed(decodeURIComponent(spaced))
  } catch {
    // The browser that made the link was wrong; what it wrote may still be good for something.
    return wellFormed(spaced)
  }
}

/** Half of a surrogate pair is no character, and no link could be made of it again. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}

/** The first v1 and the first v2 infohash among the topics; `undefined` where there is neither. */
function readTopics(topics: readonly string[]): Hashes | undefined {
  let infohash1: Uint8Array | undefined
  let infohash2: Uint8Array | undefined
  for (const topic of topics) {
    const match = /^urn:(btih|btmh):(\w+)$/i.exec(topic)
    if (match === null) continue
    const digits = match[2] as string
    if ((match[1] as string).toLowerCase() === 'btih') infohash1 ??= readInfohash1(digits)
    else infohash2 ??= readMultihash(digits)
  }
  if (infohash1 === undefined && infohash2 === undefined) return undefined
  return { infohash1, infohash2 }
}

function readBareHash(text: string): Hashes | undefined {
  if (/^urn:/i.test(text)) return readTopics([text])
  const infohash1 = readInfohash1(text)
  const infohash2 = text.length === 64 ? fromHex(text) : readMultihash(text)
  if (infohash1 === undefined && infohash2 === undefined) return undefined
  return { infohash1, infohash2 }
}

function readInfohash1(digits: string): Uint8Array | undefined {
  if (digits.length === 40) return fromHex(digits)
  return digits.length === 32 ? fromBase32(digits) : undefined
}

function readMultihash(digits: string): Uint8Array | undefined {
  const isSha256 = digits.length === 68 && digits.startsWith(MULTIHASH_HEAD)
  return isSha256 ? fromHex(digits.slice(MULTIHASH_HEAD.length)) : undefined
}

/** The bytes that `digits` spell in base32, eight digits for five bytes. @see RFC 4648 */
function fromBase32(digits: string): Uint8Array | undefined {
  const bytes = new Uint8Array((digits.length * 5) >> 3)
  let bits = 0
  let bitCount = 0
  let at = 0
  for (const digit of digits.toUpperCase()) {
    const value = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit)
    if (value < 0) return undefined
    bits = ((bits << 5) | value) & 0xfff
    bitCount += 5
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[at++] = bits >> bitCount
    }
  }
  return bytes
}

function magnetOf({ infohash1, infohash2 }: Hashes, parameters: readonly Parameter[]): Magnet {
  const valuesOf = (...keys: readonly string[]) =>
    parameters
      .filter(([key, value]) => keys.includes(key) && value !== '')
      .map(([, value]) => value)
      .slice(0, MAGNET_LIST_MAX)
  const ranges = valuesOf('so')
  const name = valuesOf('dn')[0]
  return {
    infohash1,
    infohash2,
    infohash: infohash1 ?? (infohash2 as Uint8Array).slice(0, SHA1_BYTES),
    name: name === undefined ? undefined : wellFormed(name.slice(0, MAGNET_NAME_LIMIT)),
    peers: valuesOf('x.pe').flatMap(readPeer),
    select: ranges.length === 0 ? undefined : readRanges(ranges.join(',')),
    trackers: valuesOf('tr'),
    webSeeds: valuesOf('ws'),
    exactSources: valuesOf('xs', 'as'),
  }
}

/** `host:port` or `[ipv6]:port`; nothing for anything else. */
function readPeer(text: string): MagnetPeer[] {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([^:[\]/\s]{1,253})):(\d{1,5})$/i.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) return []
  return [{ host: (match[1] ?? match[2]) as string, port }]
}

/** `0,2,4,6-8` as indexes. Parts that cannot be read are ignored; none at all means all files. */
function readRanges(text: string): readonly number[] | undefined {
  const ranges: (readonly [first: number, last: number])[] = []
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?$/.exec(part)
    if (match === null) continue
    const first = Number(match[1])
    ranges.push([first, Math.min(Number(match[2] ?? match[1]), FILES_MAX - 1)])
  }
  // Sorted, so that ranges that overlap a thousand times are walked once.
  ranges.sort(([a], [b]) => a - b)
  const indexes: number[] = []
  let next = 0
  for (const [first, last] of ranges) {
    for (next = Math.max(next, first); next <= last; next++) indexes.push(next)
  }
  return indexes.length === 0 ? undefined : indexes
}

function formatRanges(indexes: readonly number[]): string {
  const parts: string[] = []
  for (let at = 0; at < indexes.length; at++) {
    const first = indexes[at] as number
    let last = first
    while (indexes[at + 1] === last + 1) last = indexes[++at] as number
    parts.push(first === last ? `${first}` : `${first}-${last}`)
  }
  return parts.join(',')
}
