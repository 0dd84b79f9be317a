// A visitor that keeps what it hears as values, and the way back: what tests of messages compare.
import {
  ByteWriter,
  type HashRange,
  type MessageVisitor,
  writeBitfield,
  writeCancel,
  writeExtended,
  writeHashes,
  writeHashReject,
  writeHashRequest,
  writeKeepAlive,
  writePieceHead,
  writePieceIndex,
  writePort,
  writeReject,
  writeRequest,
  writeSignal,
} from '../../src/core/wire/index.ts'

type Signal = 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone'

export type Heard =
  | { readonly kind: 'keepAlive' | Signal }
  | { readonly kind: 'have' | 'suggest' | 'allowedFast'; readonly piece: number }
  | { readonly kind: 'bitfield'; readonly bits: Uint8Array }
  | {
      readonly kind: 'request' | 'cancel' | 'reject'
      readonly piece: number
      readonly begin: number
      readonly size: number
    }
  | {
      readonly kind: 'piece'
      readonly piece: number
      readonly begin: number
      readonly block: Uint8Array
    }
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'extended'; readonly extensionId: number; readonly payload: Uint8Array }
  | { readonly kind: 'hashRequest' | 'hashReject'; readonly range: HashRange }
  | { readonly kind: 'hashes'; readonly range: HashRange; readonly hashes: Uint8Array }
  | { readonly kind: 'unknown'; readonly id: number; readonly size: number }

/** The messages among which those of one kind are. */
export type HeardOf<Kind> = Heard extends infer Message
  ? Message extends { readonly kind: infer Kinds }
    ? Kind extends Kinds
      ? Message
      : never
    : never
  : never

const copyRange = (range: HashRange): HashRange => ({
  ...range,
  piecesRoot: range.piecesRoot.slice(),
})

/** Hears a stream; `heard` are its messages so far. It checks that a block comes as it was promised. */
export class Listener implements MessageVisitor {
  readonly heard: Heard[] = []
  #open: { piece: number; begin: number; block: Uint8Array; filled: number } | undefined

  onKeepAlive() {
    this.#note({ kind: 'keepAlive' })
  }
  onChoke() {
    this.#note({ kind: 'choke' })
  }
  onUnchoke() {
    this.#note({ kind: 'unchoke' })
  }
  onInterested() {
    this.#note({ kind: 'interested' })
  }
  onNotInterested() {
    this.#note({ kind: 'notInterested' })
  }
  onHave(piece: number) {
    this.#note({ kind: 'have', piece })
  }
  onBitfield(bits: Uint8Array) {
    this.#note({ kind: 'bitfield', bits: bits.slice() })
  }
  onRequest(piece: number, begin: number, size: number) {
    this.#note({ kind: 'request', piece, begin, size })
  }
  onCancel(piece: number, begin: number, size: number) {
    this.#note({ kind: 'cancel', piece, begin, size })
  }
  onPort(port: number) {
    this.#note({ kind: 'port', port })
  }
  onSuggest(piece: number) {
    this.#note({ kind: 'suggest', piece })
  }
  onHaveAll() {
    this.#note({ kind: 'haveAll' })
  }
  onHaveNone() {
    this.#note({ kind: 'haveNone' })
  }
  onReject(piece: number, begin: number, size: number) {
    this.#note({ kind: 'reject', piece, begin, size })
  }
  onAllowedFast(piece: number) {
    this.#note({ kind: 'allowedFast', piece })
  }
  onExtended(extensionId: number, payload: Uint8Array) {
    this.#note({ kind: 'extended', extensionId, payload: payload.slice() })
  }
  onHashRequest(range: HashRange) {
    this.#note({ kind: 'hashRequest', range: copyRange(range) })
  }
  onHashes(range: HashRange, hashes: Uint8Array) {
    this.#note({ kind: 'hashes', range: copyRange(range), hashes: hashes.slice() })
  }
  onHashReject(range: HashRange) {
    this.#note({ kind: 'hashReject', range: copyRange(range) })
  }
  onUnknown(id: number, size: number) {
    this.#note({ kind: 'unknown', id, size })
  }
  onPieceStart(piece: number, begin: number, size: number) {
    if (this.#open !== undefined) throw new Error('a block within a block')
    this.#open = { piece, begin, block: new Uint8Array(size), filled: 0 }
  }
  onPieceBytes(chunk: Uint8Array, from: number, to: number) {
    if (this.#open === undefined || from >= to) throw new Error('bytes of no block')
    this.#open.block.set(chunk.subarray(from, to), this.#open.filled)
    this.#open.filled += to - from
  }
  onPieceEnd() {
    const open = this.#open
    if (open === undefined || open.filled !== open.block.length)
      throw new Error('a block cut short')
    this.#open = undefined
    const { piece, begin, block } = open
    this.#note({ kind: 'piece', piece, begin, block })
  }

  #note(message: Heard) {
    if (this.#open !== undefined) throw new Error('a message within a block')
    this.heard.push(message)
  }
}

/** The bytes of `messages`, one after another. Messages of an unknown kind are sent as zeros. */
export function speak(...messages: readonly Heard[]): Uint8Array {
  const writer = new ByteWriter()
  for (const message of messages) say(writer, message)
  return writer.take()
}

function say(writer: ByteWriter, message: Heard): void {
  switch (message.kind) {
    case 'keepAlive':
      writeKeepAlive(writer)
      break
    case 'choke':
    case 'unchoke':
    case 'interested':
    case 'notInterested':
    case 'haveAll':
    case 'haveNone':
      writeSignal(writer, message.kind)
      break
    case 'have':
    case 'suggest':
    case 'allowedFast':
      writePieceIndex(writer, message.kind, message.piece)
      break
    case 'bitfield':
      writeBitfield(writer, message.bits)
      break
    case 'request':
      writeRequest(writer, message.piece, message.begin, message.size)
      break
    case 'cancel':
      writeCancel(writer, message.piece, message.begin, message.size)
      break
    case 'reject':
      writeReject(writer, message.piece, message.begin, message.size)
      break
    case 'piece':
      writePieceHead(writer, message.piece, message.begin, message.block.length)
      writer.bytes(message.block)
      break
    case 'port':
      writePort(writer, message.port)
      break
    case 'extended':
      writeExtended(writer, message.extensionId, message.payload)
      break
    case 'hashRequest':
      writeHashRequest(writer, message.range)
      break
    case 'hashReject':
      writeHashReject(writer, message.range)
      break
    case 'hashes':
      writeHashes(writer, message.range, message.hashes)
      break
    case 'unknown':
      writer.uint32(1 + message.size)
      writer.byte(message.id)
      writer.bytes(new Uint8Array(message.size))
      break
  }
}
