// A DHT node on a UDP port: the machine of core/dht between a socket, a timer, the resolver and a file.
import { hash, randomBytes, randomInt } from 'node:crypto'
import { lookup as resolveHost } from 'node:dns/promises'
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Address, assert, parseIp } from '../core/bytes/index.ts'
import {
  type Contact,
  type DhtCommand,
  type DhtEffect,
  type DhtInput,
  DhtNode,
  type DhtNotice,
  type DhtOptions,
  type GotNotice,
  type Item,
  immutableTarget,
  isLastNotice,
  mutableTarget,
  type NetworkStatus,
  type Router,
  type StoredNotice,
  type TaskId,
} from '../core/dht/index.ts'
import { signedBytes } from '../core/wire/index.ts'
import type { Luck, RequestId } from '../core/world/index.ts'
import { ed25519, type KeyPair } from './ed25519.ts'
import { makeFolder } from './make-folder.ts'
import { openUdp, type Udp } from './udp.ts'

/** The routers that introduce newcomers to the public network. */
export const PUBLIC_ROUTERS: readonly Router[] = [
  { host: 'router.bittorrent.com', port: 6881 },
  { host: 'dht.transmissionbt.com', port: 6881 },
  { host: 'dht.libtorrent.org', port: 25401 },
]

/** Chance from the system, unpredictable. */
export const systemLuck: Luck = {
  bytes: count => new Uint8Array(randomBytes(count)),
  below: limit => randomInt(limit),
}

/** In one call, which costs a third of what a `Hash` object does. */
export const sha1 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash('sha1', bytes, 'buffer'))

export interface OpenDhtOptions {
  /** Default `PUBLIC_ROUTERS`. */
  readonly routers?: readonly Router[]
  /** Default IPv4 and, where the system has it, IPv6. */
  readonly families?: readonly ('ipv4' | 'ipv6')[]
  readonly bind?: { readonly ipv4?: string; readonly ipv6?: string }
  /** Default 0: the system chooses. */
  readonly port?: number
  /** Answers others and may be kept in their tables. Default false: read-only. */
  readonly isServing?: boolean
  readonly allowPrivate?: boolean
  /** Where the known nodes are kept between sessions; default nowhere. */
  readonly stateDirectory?: string
  /** Closes the node when it aborts. */
  readonly signal?: AbortSignal
}

/**
 * Opens a DHT node on a UDP port.
 *
 * @throws the system's error where the port cannot be bound; the signal's reason where it has aborted.
 */
export async function openDht(options: OpenDhtOptions = {}): Promise<Dht> {
  options.signal?.throwIfAborted()
  const { stateDirectory } = options
  const saved = stateDirectory === undefined ? undefined : await load(stateDirectory, 'dht/nodes')
  const dht = new Dht(machineOptions(options, saved), stateDirectory)
  await dht.listen(options)
  return dht
}

function machineOptions(options: OpenDhtOptions, saved: Uint8Array | undefined): DhtOptions {
  return {
    luck: systemLuck,
    sha1,
    routers: options.routers ?? PUBLIC_ROUTERS,
    isReadOnly: options.isServing !== true,
    families: options.families ?? ['ipv4', 'ipv6'],
    allowPrivate: options.allowPrivate ?? false,
    signatures: ed25519,
    ...(saved === undefined ? {} : { saved }),
  }
}

/** A command without its task number, which the node gives out. */
type Numberless<Command> = Command extends { readonly task: TaskId } ? Omit<Command, 'task'> : never
export type DhtTask = Numberless<Exclude<DhtCommand, { readonly kind: 'lookup-stop' }>>

/** Where an item is: at a target, or under a key and a salt. */
export type ItemPlace =
  | { readonly target: Uint8Array; readonly key?: never; readonly salt?: Uint8Array }
  | { readonly key: Uint8Array; readonly target?: never; readonly salt?: Uint8Array }

/** An immutable item. `value` is bencoded; its target is what to ask for. */
export function immutableItem(value: Uint8Array): { item: Item; target: Uint8Array } {
  return { item: { value }, target: immutableTarget(value, sha1) }
}

/** A mutable item, signed. `value` is bencoded. */
export function mutableItem(
  keys: KeyPair,
  content: { readonly value: Uint8Array; readonly sequence: bigint; readonly salt?: Uint8Array },
): { item: Item; target: Uint8Array } {
  const { value, sequence, salt } = content
  const signature = keys.sign(signedBytes({ salt, sequence, value }))
  const mutable = { key: keys.publicKey, signature, sequence, salt }
  return { item: { value, mutable }, target: mutableTarget(keys.publicKey, salt, sha1) }
}

/** An open DHT node. Close it with `close` or `await using`. */
export class Dht implements AsyncDisposable {
  readonly #machine: DhtNode
  readonly #stateDirectory: string | undefined
  readonly #inboxes = new Map<TaskId, Inbox<DhtNotice>>()
  #udp: Udp | undefined
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #tasks = 0
  #saving: Promise<void> = Promise.resolve()

  /** Use `openDht`. */
  constructor(options: DhtOptions, stateDirectory: string | undefined) {
    this.#machine = new DhtNode(options)
    this.#stateDirectory = stateDirectory
  }

  /** Binds the sockets; called once, by `openDht`. */
  async listen(options: OpenDhtOptions): Promise<void> {
    this.#udp = await openUdp({
      families: options.families ?? ['ipv4', 'ipv6'],
      ...(options.bind === undefined ? {} : { bind: options.bind }),
      ...(options.port === undefined ? {} : { port: options.port }),
      onData: (from, bytes) => this.#step({ kind: 'udp-data', from, bytes }),
    })
    const { signal } = options
    signal?.addEventListener('abort', () => void this.close(), { once: true })
    this.#step({ kind: 'wake' })
  }

  /** The bound UDP ports. */
  get ports(): Udp['ports'] {
    return this.#udp?.ports ?? {}
  }

  /** Nodes known to be alive. */
  get nodeCount(): number {
    return this.#machine.nodeCount
  }

  /** What is known of each network. */
  get status(): readonly NetworkStatus[] {
    return this.#machine.status
  }

  /** How the network sees this node, once enough nodes said so. */
  get externalAddress(): Address | undefined {
    return this.#machine.externalAddress
  }

  /** Endpoints that may be nodes, to be tried by the next task. */
  addContacts(addresses: readonly Address[]): void {
    this.#step({ kind: 'add-contacts', addresses })
  }

  /**
   * Runs one task and yields its notices as they come, the last one included. Leaving the loop, the
   * signal, or closing the node ends the task; then the last notice does not come.
   *
   * @throws the signal's reason when it aborts.
   */
  async *run(task: DhtTask, signal?: AbortSignal): AsyncGenerator<DhtNotice, void, undefined> {
    signal?.throwIfAborted()
    assert(this.#udp !== undefined, 'the node is closed')
    const number: TaskId = ++this.#tasks
    const inbox = new Inbox<DhtNotice>()
    const close = () => inbox.close()
    this.#inboxes.set(number, inbox)
    signal?.addEventListener('abort', close)
    try {
      this.#step({ ...task, task: number } as DhtCommand)
      for await (const notice of inbox) {
        yield notice
        const isRepeated = task.kind === 'put' && task.isKept === true
        if (isLastNotice(notice) && !isRepeated) return
      }
      signal?.throwIfAborted()
    } finally {
      signal?.removeEventListener('abort', close)
      this.#inboxes.delete(number)
      this.#step({ kind: 'lookup-stop', task: number })
    }
  }

  /** Peers of `infohash`, as they come, each once; the order says nothing about them. */
  async *lookup(
    infohash: Uint8Array,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<{ address: Address; from: Contact }, void, undefined> {
    const seen = new Set<string>()
    for await (const notice of this.run({ kind: 'lookup', infohash }, options.signal)) {
      if (notice.kind !== 'peers') continue
      for (const address of notice.peers) {
        const key = `${address.ip}:${address.port}`
        if (seen.has(key)) continue
        seen.add(key)
        yield { address, from: notice.from }
      }
    }
  }

  /**
   * Stores an item and says how many nodes took it and gave it back.
   *
   * @throws the signal's reason when it aborts.
   */
  async put(
    item: Item,
    options: { readonly cas?: bigint; readonly signal?: AbortSignal } = {},
  ): Promise<StoredNotice> {
    const cas = options.cas === undefined ? {} : { cas: options.cas }
    return this.#last({ kind: 'put', item, ...cas }, 'stored', options.signal)
  }

  /**
   * Reads the newest item at `target`, or of a key and its salt; `undefined` where nobody has one.
   *
   * @throws the signal's reason when it aborts.
   */
  async get(
    where: ItemPlace,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Item | undefined> {
    const salt = where.salt === undefined ? {} : { salt: where.salt }
    const target = where.target ?? mutableTarget(where.key, where.salt, sha1)
    const got = await this.#last<GotNotice>({ kind: 'get', target, ...salt }, 'got', options.signal)
    return got.item
  }

  async #last<Notice extends DhtNotice>(
    task: DhtTask,
    kind: Notice['kind'],
    signal: AbortSignal | undefined,
  ): Promise<Notice> {
    for await (const notice of this.run(task, signal)) {
      if (notice.kind === kind) return notice as Notice
    }
    throw new Error('the node was closed')
  }

  /** Saves the known nodes and closes the sockets; running tasks end without their last notice. */
  async close(): Promise<void> {
    const udp = this.#udp
    if (udp === undefined) return
    this.#step({ kind: 'save-now' })
    this.#udp = undefined
    clearTimeout(this.#timer)
    for (const inbox of this.#inboxes.values()) inbox.close()
    await udp.close()
    await this.#saving
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #step(input: DhtInput): void {
    if (this.#udp === undefined) return
    this.#machine.step(performance.now(), input)
    for (const effect of this.#machine.drain()) this.#perform(effect, this.#udp)
    this.#plan()
  }

  #perform(effect: DhtEffect, udp: Udp): void {
    switch (effect.kind) {
      case 'udp-send':
        udp.send(effect.to, effect.bytes)
        break
      case 'resolve':
        void this.#resolve(effect.request, effect.host)
        break
      case 'save':
        if (this.#stateDirectory === undefined || effect.bytes === null) break
        this.#save(path.join(this.#stateDirectory, effect.name), effect.bytes)
        break
      case 'notify':
        this.#inboxes.get(effect.notice.task)?.push(effect.notice)
    }
  }

  async #resolve(request: RequestId, host: string): Promise<void> {
    // A name that cannot be resolved is a router that is not there: the machine hears an empty list.
    const found = await resolveHost(host, { all: true }).catch(() => [])
    const addresses = found.flatMap(({ address }) => parseIp(address) ?? [])
    this.#step({ kind: 'resolved', request, addresses })
  }

  /** Saves follow one another, so that the last one stays. */
  #save(file: string, bytes: Uint8Array): void {
    this.#saving = this.#saving.then(() => save(file, bytes)).catch(() => {})
  }

  #plan(): void {
    const atMs = this.#machine.wakeAtMs
    if (atMs === this.#timerAtMs) return
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    if (atMs === Number.POSITIVE_INFINITY) return
    const delayMs = Math.min(Math.max(atMs - performance.now(), 0), TIMER_MAX_MS)
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY
      this.#step({ kind: 'wake' })
    }, delayMs)
  }
}

/** Longer timers overflow in Node; waking early is harmless. */
const TIMER_MAX_MS = 2_000_000_000

/** Things on their way to one reader. What is waiting when it closes is still read. */
class Inbox<Thing> {
  readonly #waiting: Thing[] = []
  #isClosed = false
  #wake = () => {}

  push(thing: Thing): void {
    this.#waiting.push(thing)
    this.#wake()
  }

  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Thing, void, undefined> {
    for (;;) {
      const thing = this.#waiting.shift()
      if (thing !== undefined) yield thing
      else if (this.#isClosed) return
      else {
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      }
    }
  }
}

async function load(directory: string, name: string): Promise<Uint8Array | undefined> {
  // A missing file is a first start; an unreadable one costs a bootstrap and nothing else.
  return readFile(path.join(directory, name)).catch(() => undefined)
}

async function save(file: string, bytes: Uint8Array): Promise<void> {
  makeFolder(path.dirname(file))
  // Another process may be saving the same name at the same time.
  const fresh = `${file}.${process.pid}.new`
  await writeFile(fresh, bytes)
  await rename(fresh, file)
}
