// What each `torrent-live dht` command does with an open node.
import { randomBytes } from 'node:crypto'
import { lookup as resolveHost } from 'node:dns/promises'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatAddress, fromHex, parseAddress, toHex } from '../core/bytes/index.ts'
import type { DhtNotice, Item } from '../core/dht/index.ts'
import { encodeBencode } from '../core/wire/index.ts'
import {
  type Dht,
  immutableItem,
  type KeyPair,
  keyPairFromSeed,
  mutableItem,
} from '../node/index.ts'
import type { DhtWords } from './dht-options.ts'
import {
  closestText,
  contactView,
  endText,
  endView,
  itemText,
  itemView,
  type Output,
  statusText,
  statusView,
} from './dht-output.ts'
import { readHostPort, UsageError } from './values.ts'

export interface Scene<Words extends DhtWords> {
  readonly node: Dht
  readonly output: Output
  readonly signal: AbortSignal
  /** The command's argument. */
  readonly word: string
  readonly words: Words
}

/** @returns the exit code. */
export type Action<Words extends DhtWords> = (scene: Scene<Words>) => Promise<number>

const KEY_SIZE = 20

export const ping: Action<DhtWords> = async ({ node, output, signal, word }) => {
  const address = await addressOf(readHostPort(word))
  for await (const notice of node.run({ kind: 'ping', address }, signal)) {
    if (notice.kind !== 'pong') continue
    if (notice.node === undefined) {
      output.print({ type: 'done', address: formatAddress(address) }, 'No answer.')
      return 1
    }
    const roundTripMs = Math.round((notice.roundTripMs ?? 0) * 10) / 10
    const view = contactView(notice.node)
    output.print({ type: 'pong', ...view, roundTripMs }, `${view.id} after ${roundTripMs} ms`)
  }
  return 0
}

async function addressOf(text: string) {
  const given = parseAddress(text)
  if (given !== undefined) return given
  const [host, port] = text.split(':') as [string, string]
  const { address, family } = await resolveHost(host)
  const found = parseAddress(family === 6 ? `[${address}]:${port}` : `${address}:${port}`)
  if (found === undefined) throw new UsageError(`"${text}" leads to no address.`)
  return found
}

export const find: Action<DhtWords> = async ({ node, output, signal, word }) => {
  const target = readKey(word, KEY_SIZE)
  let code = 1
  for await (const notice of node.run({ kind: 'find', target }, signal)) {
    if (notice.kind !== 'found') continue
    output.print({ type: 'done', ...endView(notice) }, `${closestText(notice)}\n${endText(notice)}`)
    if (notice.closest.length > 0) code = 0
  }
  return code
}

export const peers: Action<DhtWords> = async ({ node, output, signal, word, words }) => {
  const infohash = readKey(word, KEY_SIZE)
  const way = words.plain === true ? 'plain' : 'private'
  const seen = new Set<string>()
  for await (const notice of node.run({ kind: 'lookup', infohash, way }, signal)) {
    if (notice.kind === 'peers') printPeers(output, notice, seen)
    if (notice.kind !== 'lookup-done') continue
    const { nodesToldTarget } = notice
    output.print(
      { type: 'done', ...endView(notice), nodesToldTarget },
      `${seen.size} peers; ${endText(notice)}; ${nodesToldTarget} nodes were told the infohash`,
    )
  }
  return seen.size > 0 ? 0 : 1
}

function printPeers(
  output: Output,
  { peers: found }: Extract<DhtNotice, { kind: 'peers' }>,
  seen: Set<string>,
): void {
  for (const peer of found) {
    const address = formatAddress(peer)
    if (seen.has(address)) continue
    seen.add(address)
    output.print({ type: 'peer', address }, address)
  }
}

interface AnnounceWords extends DhtWords {
  readonly peerPort?: number
  readonly seed?: boolean
}

export const announce: Action<AnnounceWords> = async scene => {
  const { word, words } = scene
  const infohash = readKey(word, KEY_SIZE)
  const { peerPort: port = 0, seed: isSeed = false } = words
  return printStored(scene, { kind: 'announce', infohash, port, isSeed })
}

async function printStored(
  { node, output, signal }: Scene<DhtWords>,
  task: Parameters<Dht['run']>[0],
  target?: string,
): Promise<number> {
  let code = 1
  for await (const notice of node.run(task, signal)) {
    if (notice.kind !== 'stored') continue
    const { accepted, verified, refusals } = notice
    const refused = refusals.length === 0 ? '' : `; refused with ${refusals.join(', ')}`
    output.print(
      {
        type: 'done',
        ...(target === undefined ? {} : { target }),
        ...endView(notice),
        accepted,
        verified,
        refusals,
      },
      `${target === undefined ? '' : `${target}\n`}${accepted} nodes took it, ${verified} gave it back; ${endText(notice)}${refused}`,
    )
    if (verified > 0) code = 0
  }
  return code
}

interface ItemWords extends DhtWords {
  readonly salt?: string
}

const saltOf = ({ salt }: ItemWords) =>
  salt === undefined || salt === '' ? {} : { salt: new TextEncoder().encode(salt) }

export const get: Action<ItemWords> = async ({ node, output, signal, word, words }) => {
  const isKey = word.length === 64
  const where = isKey ? { key: readKey(word, 32) } : { target: readKey(word, KEY_SIZE) }
  const item = await node.get({ ...where, ...saltOf(words) }, { signal })
  if (item === undefined) {
    output.print({ type: 'done' }, 'Nobody has it.')
    return 1
  }
  output.print({ type: 'item', ...itemView(item) }, itemText(item))
  return 0
}

interface PutWords extends ItemWords {
  readonly key?: string
  readonly sequence?: string
  readonly cas?: string
  readonly keep?: boolean
}

export const put: Action<PutWords> = async scene => {
  const { word, words } = scene
  const value = encodeBencode(word)
  if (value.length > 1000) throw new UsageError('An item has at most 1,000 bytes.')
  const { item, target } =
    words.key === undefined ? immutableItem(value) : await mutableOf(scene, value, words.key)
  const cas = words.cas === undefined ? {} : { cas: readSequence(words.cas) }
  const isKept = words.keep === true
  return printStored(scene, { kind: 'put', item, isKept, ...cas }, toHex(target))
}

async function mutableOf(
  { node, signal, words }: Scene<PutWords>,
  value: Uint8Array,
  file: string,
): Promise<{ item: Item; target: Uint8Array }> {
  const keys = await keysIn(file)
  const salt = saltOf(words)
  let sequence = words.sequence === undefined ? undefined : readSequence(words.sequence)
  if (sequence === undefined) {
    const there = await node.get({ key: keys.publicKey, ...salt }, { signal })
    sequence = (there?.mutable?.sequence ?? 0n) + 1n
  }
  return mutableItem(keys, { value, sequence, ...salt })
}

/** The key in `file`, 64 hexadecimal digits; a new one, readable by the user alone, where it is missing. */
async function keysIn(file: string): Promise<KeyPair> {
  const text = await readFile(file, 'utf8').catch(error => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  if (text !== undefined) return keyPairFromSeed(readKey(text.trim(), 32))
  const seed = new Uint8Array(randomBytes(32))
  await writeFile(file, `${toHex(seed)}\n`, { mode: 0o600, flag: 'wx' })
  return keyPairFromSeed(seed)
}

export const scrape: Action<DhtWords> = async ({ node, output, signal, word }) => {
  const infohash = readKey(word, KEY_SIZE)
  let code = 1
  for await (const notice of node.run({ kind: 'scrape', infohash }, signal)) {
    if (notice.kind !== 'scraped') continue
    const { seeds, peers: others, filters } = notice
    output.print(
      { type: 'done', ...endView(notice), seeds, peers: others, filters },
      `about ${seeds} seeds and ${others} other peers, by ${filters} nodes; ${endText(notice)}`,
    )
    if (filters > 0) code = 0
  }
  return code
}

export const sample: Action<DhtWords> = async ({ node, output, signal, word }) => {
  const target = word ? readKey(word, KEY_SIZE) : new Uint8Array(randomBytes(KEY_SIZE))
  const seen = new Set<string>()
  for await (const notice of node.run({ kind: 'sample', target }, signal)) {
    if (notice.kind === 'samples') {
      for (const infohash of notice.infohashes.map(toHex)) {
        if (seen.has(infohash)) continue
        seen.add(infohash)
        const from = formatAddress(notice.from.address)
        output.print({ type: 'infohash', infohash, from }, infohash)
      }
    } else if (notice.kind === 'sampled') {
      const text = `${seen.size} infohashes; ${endText(notice)}`
      output.print({ type: 'done', ...endView(notice), infohashes: seen.size }, text)
    }
  }
  return seen.size > 0 ? 0 : 1
}

const STATUS_PERIOD_MS = 10_000

export const serve: Action<DhtWords> = async ({ node, output, signal }) => {
  const { ports } = node
  const where = Object.values(ports).join(' and ')
  output.print({ type: 'listening', ports }, `Serving on UDP port ${where}. Ctrl-C stops.`)
  while (!signal.aborted) {
    await sleep(STATUS_PERIOD_MS, undefined, { signal }).catch(() => {})
    for (const status of node.status) {
      const [head = ''] = statusText(status).split('\n')
      output.print({ type: 'status', ...statusView(status) }, head)
    }
  }
  return 0
}

/** Walks that fill an empty table before it is shown. */
const STATUS_WALKS = 4

export const status: Action<DhtWords> = async ({ node, output, signal }) => {
  for (let walk = 0; walk < STATUS_WALKS; walk++) {
    const target = new Uint8Array(randomBytes(KEY_SIZE))
    for await (const _notice of node.run({ kind: 'find', target }, signal));
  }
  for (const each of node.status) {
    output.print({ type: 'status', ...statusView(each) }, statusText(each))
  }
  return node.nodeCount > 0 ? 0 : 1
}

/** The bytes that `text` spells in hexadecimal. @throws UsageError where it has another size. */
function readKey(text: string, size: number): Uint8Array {
  const key = fromHex(text)
  if (key?.length === size) return key
  throw new UsageError(`"${text}" is not ${size * 2} hexadecimal digits.`)
}

function readSequence(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text)
  throw new UsageError(`"${text}" is no sequence number: write a whole number from 0.`)
}
