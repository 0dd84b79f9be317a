// What the `torrent-live dht` commands print: JSON lines for programs, or text for people.
import { formatAddress, toHex } from '../core/bytes/index.ts'
import type { Contact, Item, NetworkStatus, WalkEnd } from '../core/dht/index.ts'
import { formatCount, safeText } from './text.ts'

/** One line of `--json`, without `atMs`. */
export interface Line {
  readonly type: string
  readonly [member: string]: unknown
}

export interface Output {
  /** Prints `line` with `--json`, else `text`; empty text prints nothing. */
  print(line: Line, text: string): void
}

/** @param write takes whole lines. */
export function outputTo(write: (text: string) => void, isJson: boolean): Output {
  const startMs = performance.now()
  return {
    print(line, text) {
      const { type, ...members } = line
      const atMs = Math.round(performance.now() - startMs)
      if (isJson) write(`${JSON.stringify({ type, atMs, ...members })}\n`)
      else if (text !== '') write(`${text}\n`)
    },
  }
}

export const contactView = ({ id, address }: Contact) => ({
  id: toHex(id),
  address: formatAddress(address),
})

export function endView({ queries, answered, closest }: WalkEnd) {
  return { queries, answered, closest: closest.map(contactView) }
}

export const endText = ({ queries, answered }: WalkEnd): string =>
  `${formatCount(queries, 'query').replace(/querys$/, 'queries')}, ${answered} answered`

export const closestText = ({ closest }: WalkEnd): string =>
  closest.map(node => `  ${toHex(node.id)}  ${formatAddress(node.address)}`).join('\n')

/** `text` is there where the value is a bencoded UTF-8 string, as most are. */
export function itemView({ value, mutable }: Item) {
  const text = textOf(value)
  return {
    bencoded: toHex(value),
    ...(text === undefined ? {} : { text }),
    ...(mutable === undefined
      ? {}
      : { key: toHex(mutable.key), sequence: mutable.sequence.toString() }),
  }
}

export function itemText({ value }: Item): string {
  const text = textOf(value)
  return text === undefined ? `bencoded ${toHex(value)}` : safeText(text)
}

function textOf(value: Uint8Array): string | undefined {
  const colon = value.indexOf(58)
  const size = Number(new TextDecoder('latin1').decode(value.subarray(0, Math.max(0, colon))))
  if (colon < 1 || size !== value.length - colon - 1) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value.subarray(colon + 1))
  } catch {
    // Bytes that are no text are shown as they are.
    return undefined
  }
}

export function statusView(status: NetworkStatus) {
  const { family, ownId, nodes, buckets, externalAddress, networkSize } = status
  return {
    family,
    id: toHex(ownId),
    nodes,
    buckets,
    externalAddress: externalAddress === undefined ? null : formatAddress(externalAddress),
    networkSize: networkSize === undefined ? null : Math.round(networkSize),
  }
}

const BAR = '█'
const BAR_WIDTH_MAX = 64

/** The table drawn: one row a bucket, farthest first. */
export function statusText(status: NetworkStatus): string {
  const { family, nodes, buckets, externalAddress, networkSize } = status
  const seen = externalAddress === undefined ? 'not known yet' : formatAddress(externalAddress)
  const size = networkSize === undefined ? 'not known yet' : `about ${readable(networkSize)} nodes`
  const rows = buckets.map((count, index) => {
    const bar = BAR.repeat(Math.min(count, BAR_WIDTH_MAX))
    return `  ${String(index).padStart(3)} bits  ${String(count).padStart(3)}  ${bar}`
  })
  const name = family === 'ipv4' ? 'IPv4' : 'IPv6'
  const head = `${name}: ${formatCount(nodes, 'node')} known, seen as ${seen}, network ${size}`
  return [head, ...rows].join('\n')
}

/** Two digits are all that an estimate deserves. */
function readable(count: number): string {
  return Number(count.toPrecision(2)).toLocaleString('en')
}
