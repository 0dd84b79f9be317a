// The connections of a swarm: whom to dial, whom to let go, and which slot each peer has. Slots are few and
// kept full; a peer that brings nothing leaves when somebody waits who might.
import type { Address } from '../bytes/index.ts'
import { WireError } from '../wire/index.ts'
import type { ConnectionId, Millis, WorldInput } from '../world/index.ts'
import type { Candidate, Candidates } from './candidates.ts'
import type { Outbox } from './outbox.ts'
import type { PeerParts } from './parts.ts'
import { Peer } from './peer.ts'
import type { PeerNotice, PeerSource, SwarmEffect } from './words.ts'

const DIAL_LIMIT_MS = 6_000
/** Connections of one torrent, whatever the user asks for: the picker counts its peers in a byte. */
export const CONNECTIONS_MAX = 200
/** A peer is judged only when it had this long to unchoke us and deliver. */
const TRIAL_MS = 30_000
/** At most one peer is replaced in this time, so that a bad minute does not cost all of them. */
const REPLACE_EVERY_MS = 10_000
/** Below this rate a peer counts as bringing nothing. */
const USEFUL_BYTES_PER_SECOND = 1024

export interface RosterHost {
  readonly outbox: Outbox<SwarmEffect>
  newConnection(): ConnectionId
  isBlocked(ip: Uint8Array): boolean
  /** Whether any peer is wanted at all now. */
  readonly wantsPeers: boolean
  joined(peer: Peer): void
  left(peer: Peer): void
  notifyPeer(notice: PeerNotice): void
  told(address: Address): void
}

export class Roster {
  readonly candidates: Candidates
  readonly #parts: PeerParts
  readonly #host: RosterHost
  readonly #slotsMax: number
  readonly #peers = new Map<ConnectionId, Peer>()
  /** By slot: the peers that are open. */
  readonly #slots: (Peer | undefined)[]
  #openCount = 0
  #replacedAtMs: Millis = 0

  constructor(
    candidates: Candidates,
    parts: PeerParts,
    { host, slotsMax }: { host: RosterHost; slotsMax: number },
  ) {
    this.candidates = candidates
    this.#parts = parts
    this.#host = host
    this.#slotsMax = Math.min(slotsMax, CONNECTIONS_MAX)
    this.#slots = new Array<Peer | undefined>(this.#slotsMax).fill(undefined)
  }

  get peers(): Iterable<Peer> {
    return this.#peers.values()
  }

  get openCount(): number {
    return this.#openCount
  }

  /** Connections of any phase. */
  get count(): number {
    return this.#peers.size
  }

  byNumber(number: number): Peer | undefined {
    return this.#peers.get(number)
  }

  bySlot(slot: number): Peer | undefined {
    return this.#slots[slot]
  }

  add(addresses: readonly Address[], source: PeerSource): void {
    for (const address of addresses) {
      if (address.port !== 0 && !this.#host.isBlocked(address.ip)) {
        this.candidates.add(address, source)
      }
    }
  }

  /** Dials until every slot is taken or tried. */
  fill(nowMs: Millis): void {
    while (this.#host.wantsPeers && this.#peers.size < this.#slotsMax) {
      const candidate = this.candidates.next(nowMs)
      if (candidate === undefined) return
      this.#dial(nowMs, candidate)
    }
  }

  /** A peer dialled us. @returns whether it is taken. */
  accept(nowMs: Millis, connection: ConnectionId, from: Address): boolean {
    const isFull = this.#peers.size >= this.#slotsMax
    const candidate =
      isFull || this.#host.isBlocked(from.ip) ? undefined : this.candidates.add(from, 'incoming')
    if (candidate === undefined || candidate.state !== 'idle') return false
    this.candidates.connected(candidate)
    const peer = new Peer(nowMs, this.#parts, { number: connection, candidate, isIncoming: true })
    this.#peers.set(connection, peer)
    return true
  }

  /** Takes what a connection brought. @returns the peer, if it is still there afterwards. */
  step(
    nowMs: Millis,
    input: Extract<WorldInput, { kind: 'tcp-open' | 'tcp-data' | 'tcp-closed' | 'tcp-drained' }>,
  ): Peer | undefined {
    const peer = this.#peers.get(input.connection)
    if (peer === undefined) return undefined
    switch (input.kind) {
      case 'tcp-data':
        this.#receive(nowMs, peer, input.bytes)
        break
      case 'tcp-open':
        this.#host.told(peer.candidate.address)
        peer.opened(nowMs)
        break
      case 'tcp-closed':
        this.#forget(nowMs, peer, input.reason)
        break
      default:
        this.#parts.upload?.drained(peer)
    }
    return peer.phase === 'closed' ? undefined : peer
  }

  /** As `guard`, without making a function for each run of bytes. */
  #receive(nowMs: Millis, peer: Peer, bytes: Uint8Array): void {
    try {
      peer.receive(nowMs, bytes)
    } catch (error) {
      this.#judge(nowMs, peer, error)
    }
  }

  /** Runs what reads a stranger's words; a peer whose words are wrong is dropped. */
  guard(nowMs: Millis, peer: Peer, read: () => void): void {
    try {
      read()
    } catch (error) {
      this.#judge(nowMs, peer, error)
    }
  }

  /**
   * A breach of the protocol ends the connection, and the second from one IP its welcome. Before the
   * handshakes are done it is none: another program may have taken the port, or not know our encryption.
   *
   * @throws what is no stranger's mistake.
   */
  #judge(nowMs: Millis, peer: Peer, error: unknown): void {
    if (!(error instanceof WireError)) throw error
    const isBreach = peer.phase === 'open'
    if (isBreach && this.candidates.noteBreach(peer.candidate)) {
      this.ban(nowMs, peer.number, error.name)
    } else this.drop(nowMs, peer, error.name)
  }

  /** The handshake is done: `peer` gets a slot. */
  seat(peer: Peer): void {
    const slot = this.#slots.indexOf(undefined)
    peer.slot = slot
    this.#slots[slot] = peer
    this.#openCount++
    this.#host.notifyPeer({ address: peer.candidate.address, state: 'connected' })
    this.#host.joined(peer)
  }

  drop(nowMs: Millis, peer: Peer, reason: string): void {
    if (peer.phase === 'closed') return
    this.#host.outbox.push({ kind: 'tcp-close', connection: peer.number })
    this.#forget(nowMs, peer, reason)
  }

  ban(nowMs: Millis, number: number, reason: string): void {
    const peer = this.#peers.get(number)
    if (peer === undefined) return
    this.candidates.ban(peer.candidate)
    this.#host.notifyPeer({ address: peer.candidate.address, state: 'banned', reason })
    this.drop(nowMs, peer, reason)
  }

  dropAll(nowMs: Millis, reason: string): void {
    for (const peer of this.#peers.values()) this.drop(nowMs, peer, reason)
  }

  /** About once a second: time limits, keep-alives, and the worst peer's fate. */
  tick(nowMs: Millis): void {
    for (const peer of this.#peers.values()) {
      const reason = peer.overdue(nowMs)
      if (reason !== undefined) this.drop(nowMs, peer, reason)
    }
    if (this.#peers.size >= this.#slotsMax && nowMs - this.#replacedAtMs >= REPLACE_EVERY_MS) {
      this.#replaceWorst(nowMs)
    }
  }

  #dial(nowMs: Millis, candidate: Candidate): void {
    const number = this.#host.newConnection()
    this.candidates.connected(candidate)
    this.#peers.set(number, new Peer(nowMs, this.#parts, { number, candidate, isIncoming: false }))
    this.#host.outbox.push({
      kind: 'tcp-dial',
      connection: number,
      to: candidate.address,
      timeoutMs: DIAL_LIMIT_MS,
    })
  }

  #forget(nowMs: Millis, peer: Peer, reason: string): void {
    const wasRefused = peer.phase === 'handshaking' && !peer.isIncoming && !peer.hasSpoken
    this.#peers.delete(peer.number)
    peer.close()
    // Bytes that nobody asked for must not count: who floods would be dialled again at once.
    this.candidates.disconnected(nowMs, peer.candidate, peer.hasHelped)
    if (wasRefused && reason !== 'stopped') this.#tryOtherWay(nowMs, peer.candidate)
    if (peer.slot < 0) return
    this.#slots[peer.slot] = undefined
    this.#openCount--
    this.#host.left(peer)
    if (peer.candidate.state !== 'banned') {
      this.#host.notifyPeer({ address: peer.candidate.address, state: 'lost', reason })
    }
  }

  /** A peer that hangs up before a word may want encryption, or may not know it: each way gets its turn. */
  #tryOtherWay(nowMs: Millis, candidate: Candidate): void {
    candidate.wantsEncryption = !candidate.wantsEncryption
    if (candidate.wantsEncryption) this.candidates.retryAtOnce(nowMs, candidate)
  }

  #replaceWorst(nowMs: Millis): void {
    if (this.candidates.nextRetryMs() > nowMs) return
    let worst: Peer | undefined
    let worstRate = USEFUL_BYTES_PER_SECOND
    for (const peer of this.#peers.values()) {
      if (peer.phase !== 'open' || nowMs - peer.startedAtMs < TRIAL_MS) continue
      const rate = peer.down.bytesPerSecond(nowMs) + peer.up.bytesPerSecond(nowMs)
      if (rate < worstRate) {
        worst = peer
        worstRate = rate
      }
    }
    if (worst === undefined) return
    this.#replacedAtMs = nowMs
    this.drop(nowMs, worst, 'replaced')
  }
}
