// One connection of a scripted peer: reads requests, sends blocks no faster than its line takes them.
import {
  ByteWriter,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeHandshake,
  encodeMetadataMessage,
  FrameReader,
  HandshakeReader,
  METADATA_PIECE_BYTES,
  type MessageVisitor,
  writeBitfield,
  writeExtended,
  writePieceHead,
  writeReject,
  writeSignal,
} from '../../src/core/wire/index.ts'
import type { ConnectionId, Millis } from '../../src/core/world/index.ts'
import type { Seeder } from './seeder.ts'

/** Bytes handed to the line at once: a cancel can still take back all that is beyond. */
const SEND_AHEAD_BYTES = 65_536
const METADATA_ID = 2
const DRIP_EVERY_MS = 1000
const NEVER = Number.POSITIVE_INFINITY

interface Request {
  readonly piece: number
  readonly begin: number
  readonly size: number
}

export class SeederConnection implements MessageVisitor {
  readonly #seeder: Seeder
  readonly #id: ConnectionId
  readonly #handshake = new HandshakeReader()
  readonly #frames = new FrameReader(this)
  readonly #writer = new ByteWriter()
  #queue: Request[] = []
  #isBusy = false
  /** What of its blocks has not dripped yet. */
  #undripped = new Uint8Array(0)
  #dripAtMs: Millis = NEVER
  #isGreeted = false
  #isChoking = true
  #theirMetadataId = 0
  #nowMs: Millis = 0
  #turnAtMs: Millis = NEVER
  #garbageAtMs: Millis = NEVER
  #leaveAtMs: Millis = NEVER

  constructor(seeder: Seeder, id: ConnectionId) {
    this.#seeder = seeder
    this.#id = id
  }

  get wakeAtMs(): Millis {
    return Math.min(this.#turnAtMs, this.#garbageAtMs, this.#leaveAtMs, this.#dripAtMs)
  }

  receive(nowMs: Millis, bytes: Uint8Array): void {
    this.#nowMs = nowMs
    let from = 0
    if (!this.#isGreeted) {
      from = this.#handshake.feed(bytes)
      const handshake = this.#handshake.handshake
      if (handshake === undefined) return
      this.#isGreeted = true
      if (!this.#seeder.knows(handshake.infohash)) {
        this.#seeder.hangUp(this.#id)
        return
      }
      this.#greet(handshake.hasExtensions)
    }
    this.#frames.feed(bytes, from)
    this.#serve()
  }

  drained(nowMs: Millis): void {
    this.#nowMs = nowMs
    if (this.#undripped.length > 0) return
    this.#isBusy = false
    this.#serve()
  }

  wake(nowMs: Millis): void {
    this.#nowMs = nowMs
    const { temper } = this.#seeder
    if (nowMs >= this.#leaveAtMs) {
      this.#seeder.hangUp(this.#id)
      return
    }
    if (nowMs >= this.#garbageAtMs) {
      this.#garbageAtMs = NEVER
      this.#seeder.send(this.#id, this.#seeder.luck.bytes(600))
    }
    if (nowMs >= this.#dripAtMs) this.#drip()
    if (nowMs < this.#turnAtMs) return
    this.#isChoking = !this.#isChoking
    const { chokes } = temper
    this.#turnAtMs = NEVER
    if (chokes !== undefined) {
      this.#turnAtMs = nowMs + (this.#isChoking ? chokes.forMs : chokes.everyMs)
    }
    writeSignal(this.#writer, this.#isChoking ? 'choke' : 'unchoke')
    if (this.#isChoking) this.#dropQueue()
    this.#flush()
    this.#serve()
  }

  #greet(hasExtensions: boolean): void {
    const { temper, torrent, luck } = this.#seeder
    this.#writer.bytes(
      encodeHandshake({
        infohash: torrent.infohash,
        peerId: luck.bytes(20),
        hasDht: false,
        hasFast: temper.hasFast,
        hasExtensions: true,
        hasV2: false,
      }),
    )
    const field = this.#seeder.field()
    if (temper.hasFast && field.isFull) writeSignal(this.#writer, 'haveAll')
    else writeBitfield(this.#writer, field.bytes)
    if (hasExtensions) {
      const extensions = new Map([['ut_metadata', METADATA_ID]])
      const metadataSize = torrent.info.length
      writeExtended(
        this.#writer,
        0,
        encodeExtensionHandshake({ extensions, metadataSize, isUploadOnly: true }),
      )
    }
    this.#flush()
    this.#garbageAtMs = this.#nowMs + (temper.garbageAfterMs ?? NEVER)
    this.#leaveAtMs = this.#nowMs + (temper.leavesAfterMs ?? NEVER)
  }

  #dropQueue(): void {
    if (this.#handshake.handshake?.hasFast && this.#seeder.temper.hasFast) {
      for (const { piece, begin, size } of this.#queue)
        writeReject(this.#writer, piece, begin, size)
    }
    this.#queue = []
  }

  #serve(): void {
    if (this.#isBusy || this.#isChoking) return
    while (this.#queue.length > 0 && this.#writer.size < SEND_AHEAD_BYTES) this.#sendBlock()
    this.#isBusy = this.#writer.size > 0
    if (this.#seeder.temper.dripsBytes === undefined || !this.#isBusy) this.#flush()
    else {
      this.#undripped = this.#writer.take().slice()
      this.#drip()
    }
  }

  #drip(): void {
    const bytes = this.#seeder.temper.dripsBytes ?? 0
    this.#seeder.send(this.#id, this.#undripped.slice(0, bytes))
    this.#undripped = this.#undripped.slice(bytes)
    this.#dripAtMs = this.#undripped.length > 0 ? this.#nowMs + DRIP_EVERY_MS : NEVER
  }

  #sendBlock(): void {
    const { piece, begin, size } = this.#queue.shift() as Request
    const { temper, torrent, record } = this.#seeder
    const offset = piece * torrent.pieceSize + begin
    const block = torrent.bytes.slice(offset, offset + size - (temper.cutsBlocksBy ?? 0))
    if (temper.liesAt?.(piece, begin)) block[0] = (block[0] as number) ^ 0xff
    writePieceHead(this.#writer, piece, begin, block.length)
    this.#writer.bytes(block)
    record.sentBytes += block.length
  }

  #flush(): void {
    this.#seeder.send(this.#id, this.#writer.take())
  }

  onKeepAlive(): void {}

  onInterested(): void {
    if (this.#isChoking) this.#turnAtMs = this.#nowMs + this.#seeder.temper.unchokeAfterMs
  }

  onNotInterested(): void {}

  onRequest(piece: number, begin: number, size: number): void {
    const { temper, record } = this.#seeder
    record.requests++
    if (!temper.has(piece) || temper.stallsAt?.(piece)) return
    if (this.#isChoking) {
      if (temper.hasFast) writeReject(this.#writer, piece, begin, size)
      this.#flush()
      return
    }
    this.#queue.push({ piece, begin, size })
  }

  onCancel(piece: number, begin: number): void {
    this.#seeder.record.cancels++
    this.#queue = this.#queue.filter(each => each.piece !== piece || each.begin !== begin)
  }

  onExtended(extensionId: number, payload: Uint8Array): void {
    if (extensionId === 0) {
      const said = decodeExtensionHandshake(payload)
      this.#theirMetadataId = said.extensions.get('ut_metadata') ?? 0
      if (said.client !== undefined) this.#seeder.record.heard.add('client name')
      return
    }
    if (extensionId !== METADATA_ID) return
    const message = decodeMetadataMessage(payload)
    if (message?.kind !== 'request') return
    const { record, temper, torrent } = this.#seeder
    record.metadataRequests++
    const from = message.piece * METADATA_PIECE_BYTES
    const bytes = torrent.info.slice(from, from + METADATA_PIECE_BYTES)
    if (temper.liesInMetadata) bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    const { piece } = message
    const answer = { kind: 'data', piece, totalSize: torrent.info.length, bytes } as const
    writeExtended(this.#writer, this.#theirMetadataId, encodeMetadataMessage(answer))
    this.#flush()
  }

  onBitfield(): void {
    this.#seeder.record.heard.add('bitfield')
  }

  onHave(): void {
    this.#seeder.record.heard.add('have')
  }

  onHaveAll(): void {
    this.#seeder.record.heard.add('have-all')
  }

  onUnchoke(): void {
    this.#seeder.record.heard.add('unchoke')
  }

  onPieceStart(): void {
    this.#seeder.record.heard.add('piece')
  }

  onPort(): void {
    this.#seeder.record.heard.add('port')
  }

  onChoke(): void {}
  onHaveNone(): void {}
  onSuggest(): void {}
  onReject(): void {}
  onAllowedFast(): void {}
  onHashRequest(): void {}
  onHashes(): void {}
  onHashReject(): void {}
  onPieceBytes(): void {}
  onPieceEnd(): void {}
  onUnknown(): void {}
}
