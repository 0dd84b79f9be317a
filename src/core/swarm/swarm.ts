// One torrent's swarm as a machine: from an infohash to its metadata, to its bytes, to whoever reads them.
// It holds the parts and routes between them; what is decided is decided in the parts.
import {
  bigIntKeyExchange,
  type HashRange,
  type Metainfo,
  parseInfo,
  WireError,
  writeHashReject,
} from '../wire/index.ts'
import type { Machine, Millis, RequestId } from '../world/index.ts'
import { Candidates } from './candidates.ts'
import type { SwarmContext } from './context.ts'
import { MetadataFetch } from './metadata.ts'
import { Outbox } from './outbox.ts'
import type { PeerParts, SwarmIdentity } from './parts.ts'
import { Payload } from './payload.ts'
import type { Peer } from './peer.ts'
import { PeerExchange } from './pex.ts'
import { Roster, type RosterHost } from './roster.ts'
import { piecesStatusOf, type StatusSources, statusOf } from './status.ts'
import { askMetadata, extended, greet, type TalkHost } from './talk.ts'
import type {
  PiecesStatus,
  SwarmCommand,
  SwarmEffect,
  SwarmInput,
  SwarmNotice,
  SwarmProblem,
  SwarmStatus,
} from './words.ts'

/** Between two looks at time limits, keep-alives and the worst peer. */
const TICK_MS = 1_000
/** Without a peer for this long the user is told. */
const LONELY_MS = 30_000

type Phase =
  | { readonly kind: 'metadata'; readonly fetch: MetadataFetch }
  | { readonly kind: 'payload'; readonly payload: Payload }
  | { readonly kind: 'failed' }

export class Swarm implements Machine<SwarmInput, SwarmEffect> {
  readonly #context: SwarmContext
  readonly #outbox = new Outbox<SwarmEffect>()
  readonly #roster: Roster
  /** Peers that something was written for in this step. */
  readonly #touched: Peer[] = []
  readonly #talk: TalkHost
  /** `undefined` where no peers are exchanged. */
  readonly #exchange: PeerExchange | undefined
  #phase: Phase
  #nowMs: Millis
  #tickAtMs: Millis
  #select: readonly number[] | undefined
  #problem: SwarmProblem | undefined
  /** `stop` or `remove` came: no peer is dialled any more. */
  #isEnding = false
  #lonelySinceMs: Millis

  constructor(nowMs: Millis, context: SwarmContext) {
    this.#context = context
    this.#nowMs = nowMs
    this.#tickAtMs = nowMs
    this.#lonelySinceMs = nowMs
    const { infohash, infohash2, metainfo, peers, select } = context.source
    const { digests } = context
    this.#select = select
    this.#talk = this.#makeTalkHost()
    this.#exchange = context.discretion.exchangesPeers ? new PeerExchange(nowMs) : undefined
    this.#roster = new Roster(new Candidates(context.luck), this.#makeParts(), {
      host: this.#makeRosterHost(),
      slotsMax: context.options.connectionsMax,
    })
    this.#phase = { kind: 'metadata', fetch: new MetadataFetch({ infohash, infohash2, digests }) }
    if (metainfo !== undefined) this.#begin(metainfo)
    this.#roster.add(peers ?? [], 'given')
    this.#settle(nowMs, undefined)
  }

  get wakeAtMs(): Millis {
    if (this.#phase.kind === 'failed') return Number.POSITIVE_INFINITY
    const isBusy = this.#roster.count > 0 || this.#wantsPeers
    const tickAtMs = isBusy ? this.#tickAtMs : Number.POSITIVE_INFINITY
    return Math.min(tickAtMs, this.#payload?.wakeAtMs ?? Number.POSITIVE_INFINITY)
  }

  drain(): SwarmEffect[] {
    return this.#outbox.drain()
  }

  step(nowMs: Millis, input: SwarmInput): void {
    this.#nowMs = nowMs
    const payload = this.#payload
    if (payload !== undefined) payload.download.nowMs = nowMs
    let peer: Peer | undefined
    switch (input.kind) {
      case 'tcp-data':
      case 'tcp-open':
      case 'tcp-closed':
      case 'tcp-drained':
        peer = this.#roster.step(nowMs, input)
        break
      case 'wake':
        this.#wake(nowMs)
        break
      case 'hashed':
      case 'disk-read-done':
      case 'disk-written':
      case 'disk-failed':
        payload?.answered(nowMs, input)
        break
      case 'tcp-accepted':
        this.#accepted(nowMs, input)
        break
      case 'udp-data':
      case 'resolved':
        break
      default:
        this.#command(nowMs, input)
    }
    this.#settle(nowMs, peer)
  }

  /** A consistent view of everything, for people. */
  status(): SwarmStatus {
    return statusOf(this.#sources())
  }

  pieces(): PiecesStatus {
    return piecesStatusOf(this.#sources())
  }

  /** `undefined` until the metadata is known. */
  get metainfo(): Metainfo | undefined {
    return this.#payload?.metainfo
  }

  /** Whether more addresses would be of use: what discovery asks before it looks again. */
  get needsAddresses(): boolean {
    const { candidates, count } = this.#roster
    if (!this.#wantsPeers || count >= this.#context.options.connectionsMax) return false
    return candidates.nextRetryMs() > this.#nowMs
  }

  get #payload(): Payload | undefined {
    return this.#phase.kind === 'payload' ? this.#phase.payload : undefined
  }

  get #wantsPeers(): boolean {
    if (this.#isEnding || this.#phase.kind === 'failed') return false
    const payload = this.#payload
    if (payload === undefined || !payload.isDone) return true
    return this.#context.discretion.servesPieces || payload.isWatched
  }

  // ---- inputs -----------------------------------------------------------------------------------

  /** A peer dialled us: welcome only where pieces are shared, and while there is room. */
  #accepted(nowMs: Millis, input: Extract<SwarmInput, { kind: 'tcp-accepted' }>): void {
    const { connection, from } = input
    const isTaken =
      this.#context.discretion.servesPieces &&
      !this.#isEnding &&
      this.#roster.accept(nowMs, connection, from)
    if (!isTaken) this.#outbox.push({ kind: 'tcp-close', connection })
  }

  #command(nowMs: Millis, command: SwarmCommand): void {
    switch (command.kind) {
      case 'add-peers':
        this.#roster.add(command.peers, command.from ?? 'given')
        break
      case 'select':
        this.#select = command.files
        this.#payload?.select(command.files)
        break
      case 'remove':
      case 'stop':
        this.#end(nowMs, command)
        break
      default:
        if (this.#payload !== undefined) this.#payload.readCommand(nowMs, command)
        else if (command.kind === 'read') this.#refuseRead(command.request)
    }
  }

  #refuseRead(request: RequestId): void {
    this.#notify({ kind: 'read-failed', request, message: 'The file list is not known yet.' })
  }

  #wake(nowMs: Millis): void {
    this.#payload?.wake(nowMs)
    if (nowMs < this.#tickAtMs) return
    this.#tickAtMs = nowMs + TICK_MS
    this.#roster.tick(nowMs)
    this.#exchange?.wake(nowMs, this.#roster.peers)
    if (this.#phase.kind === 'metadata') {
      this.#phase.fetch.expire(nowMs)
      for (const peer of this.#roster.peers) askMetadata(peer, this.#phase.fetch, nowMs)
    } else if (this.#phase.kind === 'payload') {
      const { download } = this.#phase.payload
      download.askHashes(nowMs, this.#roster.peers)
      download.demand.isEveryoneDue = true
    }
    this.#checkLonely(nowMs)
  }

  #end(nowMs: Millis, command: Extract<SwarmCommand, { kind: 'remove' | 'stop' }>): void {
    this.#isEnding = true
    this.#roster.dropAll(nowMs, 'stopped')
    if (this.#payload !== undefined) this.#payload.end(nowMs, command)
    else this.#notify({ kind: command.kind === 'stop' ? 'stopped' : 'removed' })
  }

  /** After every step: what became possible is asked for, slots are filled, and what was written leaves. */
  #settle(nowMs: Millis, peer: Peer | undefined): void {
    if (!this.#isEnding) {
      this.#payload?.settle(nowMs, peer)
      this.#roster.fill(nowMs)
    }
    for (let index = 0; index < this.#touched.length; index++) {
      const touched = this.#touched[index] as Peer
      touched.isTouched = false
      touched.flush(nowMs, this.#outbox)
    }
    this.#touched.length = 0
  }

  #checkLonely(nowMs: Millis): void {
    if (this.#roster.openCount > 0 || !this.#wantsPeers) {
      this.#lonelySinceMs = nowMs
      this.#solved('no-peers')
    } else if (nowMs - this.#lonelySinceMs >= LONELY_MS && this.#problem === undefined) {
      const tried = this.#roster.candidates.size
      const message =
        tried === 0
          ? 'No peers were found yet; the search goes on. Name one with --peer host:port if you know one.'
          : `None of the ${tried} known peers answers; the search goes on. Is this machine online?`
      this.#trouble({ code: 'no-peers', message, isFatal: false })
    }
  }

  // ---- metadata -----------------------------------------------------------------------------------

  #metadataChunk(peer: Peer, index: number, bytes: Uint8Array): void {
    if (this.#phase.kind !== 'metadata') return
    const { fetch } = this.#phase
    const result = fetch.receive(peer.nowMs, peer.number, index, bytes)
    if (result.kind === 'complete') this.#metadataCame(result.info)
    else if (result.kind === 'wrong') {
      for (const liar of result.liars) this.#roster.ban(this.#nowMs, liar, 'bad-metadata')
      for (const other of this.#roster.peers) askMetadata(other, fetch, this.#nowMs)
    } else askMetadata(peer, fetch, peer.nowMs)
  }

  #metadataCame(info: Uint8Array): void {
    let metainfo: Metainfo
    try {
      metainfo = parseInfo(info, this.#context.digests)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      const message = `The torrent itself is broken (${error.name}); no peer can mend that.`
      this.#trouble({ code: 'bad-metadata', message, isFatal: true })
      this.#phase = { kind: 'failed' }
      this.#roster.dropAll(this.#nowMs, 'bad-metadata')
      return
    }
    this.#begin(metainfo)
  }

  /** The metadata is known: the torrent has pieces, files and a place on the disk. */
  #begin(metainfo: Metainfo): void {
    const payload = new Payload(this.#nowMs, metainfo, {
      outbox: this.#outbox,
      roster: this.#roster,
      context: this.#context,
      notify: notice => this.#notify(notice),
      trouble: problem => this.#trouble(problem),
      solved: code => this.#solved(code),
      done: () => this.#done(),
    })
    this.#phase = { kind: 'payload', payload }
    this.#notify({ kind: 'metadata', metainfo })
    payload.select(this.#select)
    for (const peer of this.#roster.peers) {
      if (peer.phase !== 'open') continue
      this.#roster.guard(this.#nowMs, peer, () => payload.download.peerJoined(peer))
    }
    payload.download.drainStore()
  }

  // ---- what the parts tell ------------------------------------------------------------------------

  #done(): void {
    this.#notify({ kind: 'done' })
    if (!this.#wantsPeers) this.#roster.dropAll(this.#nowMs, 'done')
  }

  #notify(notice: SwarmNotice): void {
    this.#outbox.push({ kind: 'notify', notice })
  }

  #trouble(problem: SwarmProblem): void {
    this.#problem = problem
    this.#notify({ kind: 'problem', problem })
  }

  #solved(code: SwarmProblem['code']): void {
    if (this.#problem?.code !== code) return
    this.#problem = undefined
    this.#notify({ kind: 'problem', problem: { code: 'over', message: code, isFatal: false } })
  }

  #hashesWanted(peer: Peer, range: HashRange): void {
    const upload = this.#payload?.upload
    if (upload !== undefined) upload.hashesWanted(peer, range)
    else writeHashReject(peer.writer, range)
  }

  #left(peer: Peer): void {
    this.#exchange?.peerLeft(peer)
    if (this.#phase.kind === 'metadata') this.#phase.fetch.gone(peer.number)
    const payload = this.#payload
    payload?.download.peerLeft(peer)
    payload?.upload?.peerLeft(peer)
  }

  // ---- what the parts see of the swarm --------------------------------------------------------------

  #sources(): StatusSources {
    return {
      nowMs: this.#nowMs,
      source: this.#context.source,
      roster: this.#roster,
      connectionsMax: this.#context.options.connectionsMax,
      payload: this.#payload,
      problem: this.#problem,
      hasFailed: this.#phase.kind === 'failed',
    }
  }

  #makeParts(): PeerParts {
    const { source, luck, digests } = this.#context
    const swarm = this
    const identity: SwarmIdentity = {
      infohash: source.infohash,
      get infohash2() {
        return source.infohash2 ?? swarm.metainfo?.infohash2
      },
      peerId: luck.bytes(20),
    }
    return {
      identity,
      mseTools: { luck, sha1: digests.sha1, keyExchange: bigIntKeyExchange },
      get download() {
        return swarm.#payload?.download
      },
      get upload() {
        return swarm.#payload?.upload
      },
      greeted: peer => {
        swarm.#roster.seat(peer)
        greet(peer, swarm.#talk)
      },
      extended: (peer, id, payload) => extended(peer, swarm.#talk, id, payload),
      hashesWanted: (peer, range) => swarm.#hashesWanted(peer, range),
      touched: peer => void swarm.#touched.push(peer),
      sendRaw: (peer, bytes) =>
        swarm.#outbox.push({ kind: 'tcp-send', connection: peer.number, bytes }),
      drop: (peer, reason) => swarm.#roster.drop(swarm.#nowMs, peer, reason),
    }
  }

  #makeTalkHost(): TalkHost {
    const swarm = this
    return {
      discretion: this.#context.discretion,
      get metadata() {
        return swarm.#phase.kind === 'metadata' ? swarm.#phase.fetch : undefined
      },
      get info() {
        return swarm.metainfo?.infoBytes
      },
      get shared() {
        const payload = swarm.#payload
        if (payload?.upload === undefined) return undefined
        const { stored } = payload.download.store
        return { bits: stored.bytes, isEmpty: stored.count === 0 }
      },
      metadataChunk: (peer, index, bytes) => swarm.#metadataChunk(peer, index, bytes),
      dontHave: (peer, piece) => swarm.#payload?.download.peerLacks(peer, piece),
      peersFrom: ({ added }) => {
        const addresses = added.map(other => other.address)
        swarm.#roster.add(addresses, 'pex')
      },
    }
  }

  #makeRosterHost(): RosterHost {
    const { newConnection, isBlocked, discretion } = this.#context
    const swarm = this
    return {
      outbox: this.#outbox,
      newConnection,
      isBlocked,
      get wantsPeers() {
        return swarm.#wantsPeers
      },
      joined: peer => swarm.#payload?.download.peerJoined(peer),
      left: peer => swarm.#left(peer),
      notifyPeer: notice => swarm.#notify({ kind: 'peer', ...notice }),
      told: address => discretion.told(address, 'infohash'),
    }
  }
}
