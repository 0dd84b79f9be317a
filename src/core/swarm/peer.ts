// One connection to a peer: the handshakes, what each side has said, and the bytes that wait to be sent.
// What a message means for the torrent is told to the parts that the swarm holds (`PeerParts`); a part that
// does not exist cannot act, so a freerider, which has no `upload`, has no way to send a piece.
import { BitField, equalBytes } from '../bytes/index.ts'
import {
  ByteWriter,
  encodeHandshake,
  FrameReader,
  type Handshake,
  HandshakeReader,
  type HashRange,
  type MessageVisitor,
  WireError,
  writeCancel,
  writeHashRequest,
  writeKeepAlive,
  writeRequest,
  writeSignal,
} from '../wire/index.ts'
import type { ConnectionId, Millis } from '../world/index.ts'
import type { OpenPiece } from './assembly.ts'
import type { Candidate } from './candidates.ts'
import { Disguise } from './disguise.ts'
import { Meter } from './meter.ts'
import type { Outbox } from './outbox.ts'
import type { PeerParts } from './parts.ts'
import { Pipeline } from './pipeline.ts'
import type { SwarmEffect } from './words.ts'

/** A handshake has this long from the dial's success: a peer that is slower would stall a slot. */
export const HANDSHAKE_LIMIT_MS = 10_000
/** Silence after which a connection counts as dead. BEP 3 peers send a keep-alive every 2 minutes. */
export const SILENCE_LIMIT_MS = 150_000
const KEEP_ALIVE_MS = 100_000
/** `have` messages remembered before the metadata says how many pieces there are. */
const EARLY_HAVES_MAX = 4096
/** Bytes of answers that may wait for one peer; beyond it, it is closed: it asks and does not read. */
const OUTPUT_LIMIT_BYTES = 1024 * 1024

const NO_BYTES = new Uint8Array(0)

export type PeerPhase = 'dialling' | 'handshaking' | 'open' | 'closed'

/** What a peer said to have before the metadata was known. */
interface EarlyPossession {
  field: Uint8Array | undefined
  haves: number[]
  hasAll: boolean
}

export class Peer implements MessageVisitor {
  readonly number: ConnectionId
  readonly candidate: Candidate
  readonly isIncoming: boolean
  readonly pipeline = new Pipeline()
  readonly down = new Meter()
  readonly up = new Meter()
  /** Index in the picker while open; -1 before. */
  slot = -1
  phase: PeerPhase = 'dialling'
  isChokingUs = true
  /** What we told it. */
  isInteresting = false
  /** What it told us. */
  isInterested = false
  hasFast = false
  hasExtensions = false
  /** Speaks BEP 52: answers hash requests. */
  isV2 = false
  /** Its numbers of the extensions, 0 where it has none. */
  metadataId = 0
  pexId = 0
  pexReadAtMs: Millis = Number.NEGATIVE_INFINITY
  /** What it says to have; `undefined` before the metadata. */
  pieces: BitField | undefined

  /** The block that is being received. `open` is `undefined` where its bytes are not wanted. */
  open: OpenPiece | undefined
  block = 0
  /** Its index inside its piece. */
  blockIndex = 0
  blockSize = 0
  writeAt = 0
  /** Payload received and not yet noted in `down`. */
  unnotedBytes = 0

  /** It has sent a block that was of use. */
  hasHelped = false
  /** It has sent anything at all. */
  hasSpoken = false
  #disguise: Disguise | undefined
  /** Something waits to be flushed at the end of the step. */
  isTouched = false
  nowMs: Millis
  readonly #parts: PeerParts
  readonly #writer = new ByteWriter()
  readonly #frames: FrameReader
  readonly #handshake = new HandshakeReader()
  readonly #early: EarlyPossession = { field: undefined, haves: [], hasAll: false }
  readonly startedAtMs: Millis
  lastHeardMs: Millis
  #lastSentMs: Millis
  #hasSaidPossession = false

  constructor(
    nowMs: Millis,
    parts: PeerParts,
    about: { number: ConnectionId; candidate: Candidate; isIncoming: boolean },
  ) {
    this.#parts = parts
    this.number = about.number
    this.candidate = about.candidate
    this.isIncoming = about.isIncoming
    this.nowMs = nowMs
    this.startedAtMs = nowMs
    this.lastHeardMs = nowMs
    this.#lastSentMs = nowMs
    this.#frames = new FrameReader(this)
    if (about.isIncoming) this.phase = 'handshaking'
  }

  // ---- connection -------------------------------------------------------------------------------

  /** The dial succeeded. */
  opened(nowMs: Millis): void {
    this.phase = 'handshaking'
    this.pipeline.noteRoundTrip(nowMs - this.startedAtMs)
    this.nowMs = nowMs
    this.lastHeardMs = nowMs
    this.#sendHandshake(this.#parts.identity.infohash)
  }

  /**
   * Takes received bytes, which are lent.
   *
   * @throws WireError for bytes that no peer may send: the swarm closes the connection.
   */
  receive(nowMs: Millis, received: Uint8Array): void {
    this.nowMs = nowMs
    this.lastHeardMs = nowMs
    this.hasSpoken = true
    const bytes = this.#disguise === undefined ? received : this.#undisguise(received)
    let from = 0
    if (this.phase === 'handshaking') {
      from = this.#handshake.feed(bytes)
      const handshake = this.#handshake.handshake
      if (handshake === undefined) return
      this.#greet(handshake)
    }
    if (this.phase === 'open') this.#frames.feed(bytes, from)
    if (this.unnotedBytes > 0) {
      this.down.note(nowMs, this.unnotedBytes)
      this.unnotedBytes = 0
    }
  }

  /** Nothing more is read or sent. */
  close(): void {
    this.phase = 'closed'
    this.open = undefined
    this.#frames.stop()
    this.#writer.take()
  }

  /** Why the connection should be closed now, if it should. Sends a keep-alive when one is due. */
  overdue(nowMs: Millis): string | undefined {
    if (this.phase === 'handshaking' && nowMs - this.startedAtMs > HANDSHAKE_LIMIT_MS) {
      return 'handshake-timeout'
    }
    if (this.phase !== 'open') return undefined
    if (nowMs - this.lastHeardMs > SILENCE_LIMIT_MS) return 'silent'
    if (nowMs - this.#lastSentMs > KEEP_ALIVE_MS) writeKeepAlive(this.writer)
    return undefined
  }

  /** Hands what was written since the last call to the world, in one send. */
  flush(nowMs: Millis, outbox: Outbox<SwarmEffect>): void {
    if (this.#writer.size === 0 || this.phase === 'closed') return
    this.#lastSentMs = nowMs
    this.send(outbox, this.#writer.take())
  }

  /** Sends bytes that were not written with `writer`, which has been flushed. They are not changed. */
  send(outbox: Outbox<SwarmEffect>, plain: Uint8Array): void {
    const bytes = this.#disguise?.encipher(plain) ?? plain
    outbox.push({ kind: 'tcp-send', connection: this.number, bytes })
  }

  /** Where messages are written; they leave with the next `flush`. */
  get writer(): ByteWriter {
    if (!this.isTouched) {
      this.isTouched = true
      this.#parts.touched(this)
    }
    if (this.#writer.size > OUTPUT_LIMIT_BYTES) this.#parts.drop(this, 'does-not-read')
    return this.#writer
  }

  /** @returns the plain bytes; empty until the encryption is agreed upon. */
  #undisguise(received: Uint8Array): Uint8Array {
    const { send, plain } = (this.#disguise as Disguise).receive(received)
    if (send !== undefined) this.#parts.sendRaw(this, send)
    return plain ?? NO_BYTES
  }

  /** @param infohash 20 bytes: the name by which this peer knows the torrent. */
  #sendHandshake(infohash: Uint8Array): void {
    const { identity } = this.#parts
    const handshake = encodeHandshake({
      infohash,
      peerId: identity.peerId,
      hasDht: false,
      hasFast: true,
      hasExtensions: true,
      hasV2: identity.infohash2 !== undefined,
    })
    if (this.isIncoming || !this.candidate.wantsEncryption) {
      this.writer.bytes(handshake)
      return
    }
    this.#disguise = new Disguise(this.#parts.mseTools, infohash, handshake)
    this.#parts.sendRaw(this, this.#disguise.start())
  }

  #greet(handshake: Handshake): void {
    const { identity } = this.#parts
    const shortV2 = identity.infohash2?.subarray(0, 20)
    const isV2 = shortV2 !== undefined && equalBytes(handshake.infohash, shortV2)
    if (!isV2 && !equalBytes(handshake.infohash, identity.infohash)) {
      throw new WireError('handshake-other-torrent', 0)
    }
    if (equalBytes(handshake.peerId, identity.peerId)) {
      this.#parts.drop(this, 'ourselves')
      return
    }
    // A peer of the v2 swarm hangs up on the v1 infohash of a hybrid torrent: it is answered by its own.
    if (this.isIncoming) this.#sendHandshake(handshake.infohash)
    this.isV2 = isV2
    this.hasFast = handshake.hasFast
    this.hasExtensions = handshake.hasExtensions
    this.phase = 'open'
    this.#parts.greeted(this)
  }

  // ---- what we say ------------------------------------------------------------------------------

  setInteresting(isInteresting: boolean): void {
    if (this.isInteresting === isInteresting) return
    this.isInteresting = isInteresting
    writeSignal(this.writer, isInteresting ? 'interested' : 'notInterested')
  }

  request(piece: number, begin: number, size: number): void {
    writeRequest(this.writer, piece, begin, size)
  }

  cancel(piece: number, begin: number, size: number): void {
    writeCancel(this.writer, piece, begin, size)
  }

  requestHashes(range: HashRange): void {
    writeHashRequest(this.writer, range)
  }

  // ---- what it has ------------------------------------------------------------------------------

  /** The metadata is known now: what was said before it is judged by it. */
  learnPieceCount(): void {
    const { field, haves, hasAll } = this.#early
    if (hasAll) this.#takeAll()
    else if (field !== undefined) this.#takeField(field)
    else this.#possession()
    for (const piece of haves) this.onHave(piece)
    this.#early.field = undefined
    this.#early.haves = []
  }

  onHave(piece: number): void {
    const download = this.#parts.download
    if (download === undefined) {
      if (this.#early.haves.length < EARLY_HAVES_MAX) this.#early.haves.push(piece)
      return
    }
    const pieces = this.#possession()
    if (piece >= pieces.size) throw new WireError('have-outside', 0)
    if (pieces.add(piece)) download.peerHas(this, piece)
  }

  onBitfield(bits: Uint8Array): void {
    this.#expectOnce()
    if (this.#parts.download === undefined) this.#early.field = bits.slice()
    else this.#takeField(bits)
  }

  onHaveAll(): void {
    this.#expectOnce()
    if (this.#parts.download === undefined) this.#early.hasAll = true
    else this.#takeAll()
  }

  #takeAll(): void {
    this.#possession().fill()
    this.#parts.download?.peerHasField(this)
  }

  onHaveNone(): void {
    this.#expectOnce()
  }

  #takeField(bits: Uint8Array): void {
    const pieces = this.#possession()
    if (bits.length !== pieces.bytes.length) throw new WireError('bitfield-size-wrong', 0)
    this.pieces = new BitField(pieces.size, bits.slice())
    this.#parts.download?.peerHasField(this)
  }

  #possession(): BitField {
    this.pieces ??= new BitField(this.#parts.download?.pieceCount ?? 0)
    return this.pieces
  }

  /** Said once, or what was asked of the peer would hang in the air. @see BEP 3 */
  #expectOnce(): void {
    if (this.#hasSaidPossession) throw new WireError('bitfield-twice', 0)
    this.#hasSaidPossession = true
  }

  // ---- the other messages -----------------------------------------------------------------------

  onKeepAlive(): void {}

  onChoke(): void {
    this.isChokingUs = true
    this.#parts.download?.choked(this)
  }

  onUnchoke(): void {
    this.isChokingUs = false
    this.#parts.download?.unchoked(this)
  }

  onInterested(): void {
    this.isInterested = true
    this.#parts.upload?.interestChanged(this)
  }

  onNotInterested(): void {
    this.isInterested = false
    this.#parts.upload?.interestChanged(this)
  }

  onRequest(piece: number, begin: number, size: number): void {
    this.#parts.upload?.requested(this, piece, begin, size)
  }

  onCancel(piece: number, begin: number, size: number): void {
    this.#parts.upload?.cancelled(this, piece, begin, size)
  }

  onPort(): void {}

  onSuggest(): void {}

  onReject(piece: number, begin: number, size: number): void {
    if (!this.hasFast) throw new WireError('reject-without-fast', 0)
    this.#parts.download?.rejected(this, piece, begin, size)
  }

  onAllowedFast(piece: number): void {
    if (!this.hasFast) throw new WireError('allowed-fast-without-fast', 0)
    this.#parts.download?.allowedFast(this, piece)
  }

  onExtended(extensionId: number, payload: Uint8Array): void {
    this.#parts.extended(this, extensionId, payload)
  }

  onHashRequest(range: HashRange): void {
    this.#parts.hashesWanted(this, range)
  }

  onHashes(range: HashRange, hashes: Uint8Array): void {
    this.#parts.download?.hashesCame(this, range, hashes)
  }

  onHashReject(range: HashRange): void {
    this.#parts.download?.hashesRejected(this, range)
  }

  onPieceStart(piece: number, begin: number, size: number): void {
    const download = this.#parts.download
    if (download === undefined) throw new WireError('block-unasked', 0)
    download.blockStarted(this, piece, begin, size)
  }

  onPieceBytes(chunk: Uint8Array, from: number, to: number): void {
    const open = this.open
    this.unnotedBytes += to - from
    if (open === undefined) return
    open.write(this.blockIndex, this.number, this.writeAt, chunk.subarray(from, to))
    this.writeAt += to - from
  }

  onPieceEnd(): void {
    this.#parts.download?.blockEnded(this)
  }

  onUnknown(): void {}
}
