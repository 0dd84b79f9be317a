// A client, its disk, the seeders of one torrent and the people who watch: what every scenario plays in.
// Each step is followed by checks that hold whatever happens.
import { type Address, formatAddress } from '../src/core/bytes/index.ts'
import {
  Client,
  type ClientEffect,
  type ClientInput,
  type ClientNotice,
} from '../src/core/client/index.ts'
import type { SwarmProblem, SwarmStatus } from '../src/core/swarm/index.ts'
import { parseInfo } from '../src/core/wire/index.ts'
import type { Machine, Millis } from '../src/core/world/index.ts'
import { SimDisk, type SimDiskOptions } from './disk.ts'
import { freeriderTap } from './freerider-tap.ts'
import { type Link, PLAIN_LINK } from './network.ts'
import { Seeder } from './peers/seeder.ts'
import { HONEST, type Temper } from './peers/temper.ts'
import { makeTorrent, type SourceTorrent } from './torrents.ts'
import { SimViewer } from './viewer.ts'
import { digests, type Host, hostAddress, World } from './world.ts'

const SWARM = 1

export interface CinemaOptions {
  readonly seed: number
  readonly fileSizes: readonly number[]
  readonly pieceSize: number
  readonly seeders: readonly SeederOptions[]
  /** Addresses that lead nowhere, mixed among the seeders'. */
  readonly deadAddresses?: number
  readonly clientLink?: Partial<Link>
  readonly disk?: SimDiskOptions
  readonly connectionsMax?: number
  readonly storeLimitBytes?: number
  /** Starts from a .torrent file instead of an infohash. */
  readonly hasTorrentFile?: boolean
}

export type SeederOptions = Partial<Temper> & { readonly link?: Partial<Link> }

type ClientHost = Host<ClientInput, ClientNotice>

export class Cinema {
  readonly world: World
  readonly torrent: SourceTorrent
  readonly seeders: Seeder[] = []
  readonly disk: SimDisk
  readonly notices: ClientNotice[] = []
  readonly #options: CinemaOptions
  readonly #addresses: Address[] = []
  readonly #viewers: SimViewer[] = []
  readonly #saved = new Map<string, Uint8Array>()
  readonly #sizes = new Map<string, number>()
  /** A driver keeps the metadata beside the resume record, so a restart has it at once. */
  #hasMetainfo: boolean
  /** After a power loss the files may hold anything, until the client has mended them. */
  #isTorn = false
  #client: Client | undefined
  #host: ClientHost | undefined

  constructor(options: CinemaOptions) {
    this.#options = options
    this.world = new World(options.seed)
    this.#hasMetainfo = options.hasTorrentFile ?? false
    this.torrent = makeTorrent(this.world.luck.fork(), options)
    this.disk = new SimDisk(this.world.luck.fork(), options.disk)
    for (const [index, seeder] of options.seeders.entries()) this.#addSeeder(index + 10, seeder)
    for (let index = 0; index < (options.deadAddresses ?? 0); index++) {
      this.#addresses.splice(
        this.world.luck.below(this.#addresses.length + 1),
        0,
        hostAddress(5000 + index),
      )
    }
    this.world.checks.push(
      () => this.#checkFiles(),
      () => this.#checkCounts(),
    )
    this.start()
  }

  get client(): Client {
    return this.#client as Client
  }

  get status(): SwarmStatus {
    const status = this.client.status(SWARM)
    if (status === undefined) throw new Error('the torrent is gone')
    return status
  }

  get isDone(): boolean {
    return this.notices.some(notice => notice.kind === 'done')
  }

  get problems(): SwarmProblem[] {
    return this.notices.flatMap(notice => (notice.kind === 'problem' ? [notice.problem] : []))
  }

  /** Bytes of blocks that all seeders sent, right or wrong, needed or not. */
  get sentBytes(): number {
    return this.seeders.reduce((sum, seeder) => sum + seeder.record.sentBytes, 0)
  }

  /** Starts the client: the first time, or again with what an earlier one left on its disk. */
  start(): void {
    const { world, torrent } = this
    const client = new Client({
      luck: world.luck.fork(),
      digests,
      downLimit: Number.POSITIVE_INFINITY,
      upLimit: Number.POSITIVE_INFINITY,
    })
    this.#client = client
    this.notices.length = 0
    world.wiretaps[0] = freeriderTap(hostAddress(1))
    this.#host = world.addHost<ClientInput, ClientNotice>({
      address: hostAddress(1),
      link: { ...PLAIN_LINK, ...this.#options.clientLink },
      machine: client as Machine<ClientInput, ClientEffect>,
      disk: this.disk,
      saved: this.#saved,
      onNotice: notice => this.#hear(notice),
    })
    const resume = this.#saved.get(`resume/${Buffer.from(torrent.infohash).toString('hex')}`)
    this.deliver({
      kind: 'add',
      swarm: SWARM,
      source: {
        infohash: torrent.infohash,
        peers: this.#addresses,
        ...(resume === undefined ? {} : { resume }),
        ...(this.#hasMetainfo ? { metainfo: parseInfo(torrent.info, digests) } : {}),
      },
      options: {
        connectionsMax: this.#options.connectionsMax ?? 20,
        sharing: { kind: 'off' },
        storeLimitBytes: this.#options.storeLimitBytes ?? Number.POSITIVE_INFINITY,
      },
    })
  }

  kill(how: 'killed' | 'power-loss'): void {
    this.#host?.kill(how)
    this.#sizes.clear()
    this.#isTorn = how === 'power-loss'
  }

  deliver(input: ClientInput): void {
    this.#host?.deliver(input)
  }

  addViewer(options: { file?: number; bytesPerSecond: number }): SimViewer {
    const file = options.file ?? 0
    const { offset, size } = this.torrent.files[file] as SourceTorrent['files'][number]
    const viewer = new SimViewer(this.world, input => this.deliver(input), {
      swarm: SWARM,
      viewer: this.#viewers.length + 1,
      file,
      source: this.torrent.bytes.subarray(offset, offset + size),
      bytesPerSecond: options.bytesPerSecond,
    })
    this.#viewers.push(viewer)
    return viewer
  }

  /** Runs until every wanted file is stored. @throws Error with the state when that takes too long. */
  runToDone(limitMs: Millis): void {
    this.runUntil(() => this.isDone, limitMs, 'the download to end')
  }

  runUntil(isOver: () => boolean, limitMs: Millis, what: string): void {
    if (this.world.run(this.world.nowMs + limitMs, isOver)) return
    const { state, verifiedBytes, wantedBytes, peers, problem } = this.status
    const shown = peers.map(peer => `${formatAddress(peer.address)} ${peer.state}`).join(', ')
    throw new Error(
      `waited ${limitMs} ms for ${what} (seed ${this.#options.seed}): ${state}, ` +
        `${verifiedBytes} of ${wantedBytes} bytes, ${problem?.code ?? 'no problem'}, peers: ${shown}`,
    )
  }

  /** Every file as it lies on the disk is the whole source. */
  checkWhole(): void {
    for (const [path, size] of this.#paths()) {
      const have = this.disk.files.get(path)?.length ?? 0
      if (have !== size) throw new Error(`${path} has ${have} of ${size} bytes`)
    }
    this.#sizes.clear()
    this.#checkFiles()
  }

  #addSeeder(index: number, { link, ...temper }: SeederOptions): void {
    const address = hostAddress(index)
    const seeder = new Seeder(this.torrent, { ...HONEST, ...temper }, this.world.luck.fork())
    this.world.addHost({
      address,
      link: { ...PLAIN_LINK, ...link },
      machine: seeder,
      isListening: true,
    })
    this.seeders.push(seeder)
    this.#addresses.push(address)
  }

  #hear(notice: ClientNotice): void {
    this.notices.push(notice)
    if (notice.kind === 'metadata') this.#hasMetainfo = true
    if (notice.kind === 'broken') throw new Error('the swarm broke', { cause: notice.error })
    for (const viewer of this.#viewers) viewer.hear(notice)
  }

  #paths(): [path: string, size: number, offset: number][] {
    const { files } = this.torrent
    const folder = files.length === 1 ? '' : 'films/'
    return files.map(({ name, size, offset }) => [`${folder}${name}`, size, offset])
  }

  /** At every moment each file is a correct prefix of the source. @see docs/storage.md */
  #checkFiles(): void {
    const wrong = this.#wrongFile()
    if (wrong === undefined) this.#isTorn = false
    else if (!this.#isTorn) throw new Error(wrong)
  }

  #wrongFile(): string | undefined {
    const { files } = this.disk
    for (const [path, size, offset] of this.#paths()) {
      const bytes = files.get(path)
      const known = this.#sizes.get(path) ?? 0
      if (bytes === undefined || bytes.length === known) continue
      if (bytes.length > size) return `${path} is longer than it may be`
      const from = Math.min(known, bytes.length)
      const source = this.torrent.bytes.subarray(offset + from, offset + bytes.length)
      if (Buffer.compare(bytes.subarray(from), source) !== 0) return `${path} holds wrong bytes`
      this.#sizes.set(path, bytes.length)
    }
    return undefined
  }

  #checkCounts(): void {
    const status = this.#client?.status(SWARM)
    if (status === undefined) return
    if (status.peers.length > status.connectionsMax) throw new Error('too many connections')
    if (status.verifiedBytes > status.totalBytes) throw new Error('more verified than there is')
    for (const seeder of this.seeders) {
      if (seeder.record.heard.size > 0)
        throw new Error(`a seeder heard ${[...seeder.record.heard]}`)
    }
  }
}
