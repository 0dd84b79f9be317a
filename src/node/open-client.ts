// `openClient`: the client machine between sockets, files and timers, as a Node program holds it.
import { createHash } from 'node:crypto'
import { concatBytes, toHex } from '../core/bytes/index.ts'
import {
  Client,
  type ClientInput,
  type ClientNotice,
  type SwarmId,
  type TorrentSource,
} from '../core/client/index.ts'
import type { DhtOptions } from '../core/dht/index.ts'
import { type Layout, layoutOf } from '../core/storage/index.ts'
import { type Metainfo, parseTorrentFile, WireError } from '../core/wire/index.ts'
import type { Digests, RequestId } from '../core/world/index.ts'
import { bindError, probeAddress } from './bind-address.ts'
import type { AddOptions, ClientOptions, Torrent, TorrentLive } from './client-types.ts'
import { type Deferred, deferred } from './deferred.ts'
import { Driver } from './driver.ts'
import { chooseFiles } from './globs.ts'
import { PUBLIC_ROUTERS, sha1, systemLuck } from './open-dht.ts'
import {
  badSource,
  isPrivateHost,
  parseHostPort,
  readSource,
  resolvePeers,
  sourceOf,
} from './source.ts'
import { openStateDirectory, type StateDirectory } from './state-file.ts'
import { TorrentHandle } from './torrent-handle.ts'
import { openUdp } from './udp.ts'

/** What saving may take at the end; a disk that does not answer by then is left to the next start's check. */
const STOP_LIMIT_MS = 10_000
/** Names of viewers that are remembered; each HTTP client has one. */
const VIEWERS_MAX = 10_000

const digests: Digests = {
  sha1,
  sha256: bytes => new Uint8Array(createHash('sha256').update(bytes).digest()),
}

/**
 * Opens a client: nothing is sent before a torrent is added.
 *
 * @throws Error named `StateInUse` where another process has the state directory, `NoSuchAddress` where `bind` is
 *   none of this machine, `PortInUse`, `NotAllowed` or `CannotListen` where `port` cannot be had; the system's error
 *   where a directory cannot be made.
 */
export async function openClient(options: ClientOptions): Promise<TorrentLive> {
  if (options.bind !== undefined) await probeAddress(options.bind)
  const state = openStateDirectory(options.stateDirectory)
  try {
    const dht = options.useDht ? await dhtOptions(options, state) : undefined
    const client = new OpenClient(options, state, dht)
    await client.listen()
    return client
  } catch (error) {
    await state.close()
    throw error
  }
}

async function dhtOptions(options: ClientOptions, state: StateDirectory): Promise<DhtOptions> {
  const given = options.bootstrap.map(parseHostPort)
  const saved = await state.load('dht/nodes')
  return {
    luck: systemLuck,
    sha1,
    routers: given.length > 0 ? given : PUBLIC_ROUTERS,
    isReadOnly: options.share.kind !== 'full',
    families: familiesOf(options),
    // Somebody whose every router is private is in a network of their own.
    allowPrivate:
      options.allowPrivate || (given.length > 0 && given.every(one => isPrivateHost(one.host))),
    ...(saved === undefined ? {} : { saved }),
  }
}

/** Bound to an address of one family, nothing may leave by the other. */
function familiesOf({ bind }: ClientOptions): readonly ('ipv4' | 'ipv6')[] {
  if (bind === undefined) return ['ipv4', 'ipv6']
  return [bind.includes(':') ? 'ipv6' : 'ipv4']
}

class OpenClient implements TorrentLive {
  readonly #options: ClientOptions
  readonly #state: StateDirectory
  readonly #machine: Client
  readonly #driver: Driver<ClientInput, ClientNotice>
  readonly #handles = new Map<SwarmId, TorrentHandle>()
  /** Whose each file below the store directory is, by its path as `foldPath` gives it. */
  readonly #owners = new Map<string, TorrentHandle>()
  readonly #viewers = new Map<string, number>()
  readonly #listeners = new Set<(torrent: Torrent) => void>()
  readonly #stopped: Deferred<void> = deferred<void>()
  #lastSwarm = 0
  #lastViewer = 0
  #lastRequest = 0
  #closing: Promise<void> | undefined

  constructor(options: ClientOptions, state: StateDirectory, dht: DhtOptions | undefined) {
    const { downLimit, upLimit, storeDirectory, bind } = options
    this.#options = options
    this.#state = state
    this.#machine = new Client({
      luck: systemLuck,
      digests,
      downLimit,
      upLimit,
      ...(dht === undefined ? {} : { dht }),
    })
    this.#driver = new Driver({
      machine: this.#machine,
      storeDirectory,
      state,
      ...(bind === undefined ? {} : { bind }),
      onNotice: notice => this.#hear(notice),
      onCrash: error => this.#crash(error),
    })
  }

  /** Opens the ports that the options ask for; called once, by `openClient`. */
  async listen(): Promise<void> {
    const { share, port, useDht, bind } = this.#options
    try {
      const isServing = share.kind === 'full'
      const tcpPort = isServing ? await this.#driver.listen(port) : undefined
      if (!useDht) return
      const [family] = familiesOf(this.#options)
      const udp = await openUdp({
        families: familiesOf(this.#options),
        ...(bind === undefined ? {} : { bind: { [family as string]: bind } }),
        // A freerider's port tells nothing: the system chooses another one each time.
        ...(tcpPort === undefined ? {} : { port: tcpPort }),
        onData: (from, bytes) => this.#driver.step({ kind: 'udp-data', from, bytes }),
      })
      this.#driver.useUdp(udp)
    } catch (error) {
      await this.#driver.close()
      throw bindError(error, this.#options)
    }
  }

  get torrents(): readonly Torrent[] {
    return [...this.#handles.values()]
  }

  async add(source: string | Uint8Array, options: AddOptions = {}): Promise<Torrent> {
    const read = await readSource(source, digests)
    const given = await resolvePeers(options.peers ?? [])
    const infohash = toHex(read.infohash)
    const known = await this.#fromState(read, infohash)
    const resume = await this.#state.load(`resume/${infohash}`)
    if (this.#closing !== undefined) throw new Error('the client is closed')
    const same = [...this.#handles.values()].find(handle => handle.infohash === infohash)
    if (same !== undefined) {
      this.#driver.step({ kind: 'add-peers', swarm: same.id, peers: given })
      return same
    }
    if (known.metainfo !== undefined) {
      const objection = this.#objectionTo(layoutOf(known.metainfo), options)
      if (objection !== undefined) throw badSource(objection)
    }
    return this.#start(
      {
        ...known,
        peers: [...given, ...(read.peers ?? [])],
        ...(resume === undefined ? {} : { resume }),
      },
      options,
    )
  }

  onTorrent(listener: (torrent: Torrent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #start(source: TorrentSource, options: AddOptions): Torrent {
    const { connections, share, storeLimit } = this.#options
    this.#lastSwarm++
    const id: SwarmId = this.#lastSwarm
    const handle = new TorrentHandle(id, source, {
      step: command => this.#driver.step(command),
      status: swarm => this.#machine.status(swarm),
      pieces: swarm => this.#machine.pieces(swarm),
      newRequest: () => ++this.#lastRequest as RequestId,
      viewerOf: name => this.#viewerOf(name),
    })
    this.#handles.set(id, handle)
    handle.onEvent(event => {
      if (event.type === 'metadata') this.#metadataCame(handle, event.metainfo, options)
      if (event.type !== 'removed') return
      this.#handles.delete(id)
      for (const [path, owner] of this.#owners) if (owner === handle) this.#owners.delete(path)
      this.#state.save(`torrents/${handle.infohash}`, null)
    })
    this.#driver.step({
      kind: 'add',
      swarm: id,
      source,
      options: { connectionsMax: connections, sharing: share, storeLimitBytes: storeLimit },
    })
    for (const listener of this.#listeners) listener(handle)
    return handle
  }

  /** The file list of an earlier run spares the peers, and the viewer, the wait for it. */
  async #fromState(source: TorrentSource, infohash: string): Promise<TorrentSource> {
    if (source.metainfo !== undefined) return source
    const saved = await this.#state.load(`torrents/${infohash}`)
    if (saved === undefined) return source
    try {
      const metainfo = parseTorrentFile(saved, digests)
      if (toHex(metainfo.infohash) !== infohash) return source
      const { select } = source
      return { ...sourceOf(metainfo), ...(select === undefined ? {} : { select }) }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      // Damaged by something else than us; the peers have it too.
      return source
    }
  }

  #metadataCame(handle: TorrentHandle, metainfo: Metainfo, options: AddOptions): void {
    const { layout } = handle
    if (layout === undefined) return
    const message = this.#objectionTo(layout, options)
    if (message !== undefined) {
      handle.fail({ code: 'bad-source', message })
      return
    }
    for (const { path } of layout.files) if (path !== '') this.#owners.set(foldPath(path), handle)
    const encoder = new TextEncoder()
    const saved = concatBytes(encoder.encode('d4:info'), metainfo.infoBytes, encoder.encode('e'))
    this.#state.save(`torrents/${handle.infohash}`, saved)
    if (options.files !== undefined) handle.select(chooseFiles(layout, options.files))
  }

  /** Why a torrent with these files cannot be stored here, as a sentence for the user. */
  #objectionTo(layout: Layout, { files = [] }: AddOptions): string | undefined {
    if (files.length > 0 && chooseFiles(layout, files).length === 0) {
      return `No file of this torrent is chosen by ${files.join(', ')}: its files are ${filesInShort(layout)}.`
    }
    for (const { path } of layout.files) {
      const owner = path === '' ? undefined : this.#owners.get(foldPath(path))
      if (owner === undefined) continue
      const other = owner.view().name ?? owner.infohash
      return `${path} would be the same file as one of ${other} (${owner.infohash}): give this torrent another directory, in a run of its own.`
    }
    return undefined
  }

  #viewerOf(name: string): number {
    const known = this.#viewers.get(name)
    if (known !== undefined) return known
    const oldest = this.#viewers.keys().next().value
    if (this.#viewers.size >= VIEWERS_MAX && oldest !== undefined) this.#viewers.delete(oldest)
    this.#lastViewer++
    this.#viewers.set(name, this.#lastViewer)
    return this.#lastViewer
  }

  #hear(notice: ClientNotice): void {
    if (notice.kind === 'stopped') this.#stopped.resolve()
    else if (notice.kind !== 'dht') this.#handles.get(notice.swarm)?.hear(notice)
  }

  #crash(error: Error): void {
    for (const handle of this.#handles.values()) handle.end(error)
    this.#stopped.resolve()
  }

  async #close(): Promise<void> {
    this.#driver.step({ kind: 'stop' })
    const timer = setTimeout(() => this.#stopped.resolve(), STOP_LIMIT_MS)
    await this.#stopped.promise
    clearTimeout(timer)
    for (const handle of this.#handles.values()) handle.end(new Error('the client is closed'))
    await this.#driver.close()
    await this.#state.close()
  }
}

/** Two paths that some file system takes for one have the same fold. */
const foldPath = (path: string): string => path.toUpperCase().toLowerCase().normalize('NFC')

/** So many names fit in a sentence. */
const NAMES_MAX = 5

function filesInShort(layout: Layout): string {
  const stored = [...layout.files.entries()].filter(([, { isPadding }]) => !isPadding)
  const names = stored.slice(0, NAMES_MAX).map(([index, { path }]) => `${index} ${path}`)
  const more = stored.length - names.length
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
