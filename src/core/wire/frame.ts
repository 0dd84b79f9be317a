// Cuts what a peer sends into messages. Payload of `piece` is passed on in place, run by run, so that it
// is copied once, into the piece; other messages are read in place where they lie whole in a chunk, and
// are assembled in a small bounded buffer where they do not. Nothing is allocated for a block.
import { readUint32 } from '../bytes/index.ts'
import { WireError } from './errors.ts'
import {
  checkMessageSize,
  isKnownMessage,
  MESSAGE,
  type MessageVisitor,
  visitMessage,
} from './message.ts'

/** Size (4 bytes), number (1), and of `piece` the piece's index (4) and the block's begin (4). */
const SIZE_BYTES = 4
const HEAD_BYTES = 5
const PIECE_HEAD_BYTES = 13
/** The buffer in which a split message is assembled: at first, and what is kept of a larger one. */
const ASSEMBLY_START_BYTES = 64
const ASSEMBLY_KEPT_BYTES = 4096

/** What the next byte belongs to. */
type Part = 'head' | 'block' | 'payload' | 'unknown'

/** Reads one peer's stream after the handshake. After a WireError the stream is lost: close it. */
export class FrameReader {
  readonly #visitor: MessageVisitor
  readonly #head = new Uint8Array(PIECE_HEAD_BYTES)
  #headSize = 0
  #part: Part = 'head'
  #id = 0
  /** Bytes of the message that have not come yet, where its head has. */
  #missing = 0
  #assembly = new Uint8Array(ASSEMBLY_START_BYTES)
  #assembled = 0
  #isStopped = false

  constructor(visitor: MessageVisitor) {
    this.#visitor = visitor
  }

  /** Makes `feed` return before the next message: for a visitor that has closed the connection. */
  stop(): void {
    this.#isStopped = true
  }

  /**
   * Takes the next bytes of the stream, `chunk[from..to)`, which are lent.
   *
   * @throws WireError at the head of a message that is too long or of a wrong size, and for a payload
   *   that does not fit together: the peer's mistake. The offset counts from the message's start.
   */
  feed(chunk: Uint8Array, from = 0, to = chunk.length): void {
    let at = from
    while (at < to && !this.#isStopped) {
      if (this.#part === 'head') at = this.#feedHead(chunk, at, to)
      else if (this.#part === 'block') at = this.#feedBlock(chunk, at, to)
      else if (this.#part === 'payload') at = this.#feedPayload(chunk, at, to)
      else at = this.#feedUnknown(at, to)
    }
  }

  #feedHead(chunk: Uint8Array, at: number, to: number): number {
    if (this.#headSize === 0 && to - at >= PIECE_HEAD_BYTES) {
      // The common case: the head lies whole in the chunk and needs no copy.
      const size = readUint32(chunk, at)
      if (size === 0) return this.#keepAlive(at + SIZE_BYTES)
      const id = chunk[at + SIZE_BYTES] as number
      checkMessageSize(id, size - 1)
      if (id === MESSAGE.piece) return this.#startBlock(chunk, at, size)
      return this.#startPayload(chunk, at + HEAD_BYTES, { to, id, size: size - 1 })
    }
    return this.#feedSplitHead(chunk, at, to)
  }

  /** One byte more of a head that did not come in one piece: rare, so simple rather than fast. */
  #feedSplitHead(chunk: Uint8Array, at: number, to: number): number {
    const head = this.#head
    head[this.#headSize++] = chunk[at] as number
    if (this.#headSize < SIZE_BYTES) return at + 1
    const size = readUint32(head, 0)
    if (this.#headSize === SIZE_BYTES) {
      if (size !== 0) return at + 1
      this.#headSize = 0
      return this.#keepAlive(at + 1)
    }
    const id = head[SIZE_BYTES] as number
    if (this.#headSize === HEAD_BYTES) {
      checkMessageSize(id, size - 1)
      if (id === MESSAGE.piece) return at + 1
      this.#headSize = 0
      return this.#startPayload(chunk, at + 1, { to, id, size: size - 1 })
    }
    if (this.#headSize < PIECE_HEAD_BYTES) return at + 1
    this.#headSize = 0
    this.#startBlock(head, 0, size)
    return at + 1
  }

  #keepAlive(at: number): number {
    this.#visitor.onKeepAlive()
    return at
  }

  /** The head of a `piece` message lies at `bytes[at..at+13)`. */
  #startBlock(bytes: Uint8Array, at: number, size: number): number {
    this.#part = 'block'
    this.#missing = size - 9
    const piece = readUint32(bytes, at + HEAD_BYTES)
    const begin = readUint32(bytes, at + HEAD_BYTES + 4)
    this.#visitor.onPieceStart(piece, begin, this.#missing)
    return at + PIECE_HEAD_BYTES
  }

  #feedBlock(chunk: Uint8Array, at: number, to: number): number {
    const end = Math.min(to, at + this.#missing)
    this.#missing -= end - at
    this.#visitor.onPieceBytes(chunk, at, end)
    if (this.#missing === 0) {
      this.#part = 'head'
      // A visitor that closed at the last run does not want to hear of the end.
      if (!this.#isStopped) this.#visitor.onPieceEnd()
    }
    return end
  }

  #startPayload(
    chunk: Uint8Array,
    at: number,
    { to, id, size }: { to: number; id: number; size: number },
  ): number {
    if (to - at >= size) {
      visitMessage(this.#visitor, id, chunk, at, at + size)
      return at + size
    }
    this.#part = isKnownMessage(id) ? 'payload' : 'unknown'
    this.#id = id
    this.#missing = size
    this.#assembled = 0
    if (this.#part === 'unknown') this.#visitor.onUnknown(id, size)
    return at
  }

  #feedPayload(chunk: Uint8Array, at: number, to: number): number {
    const end = Math.min(to, at + this.#missing)
    const size = end - at
    // Grown as bytes come, not as the head promises: a promise of 256 KiB costs a peer nothing.
    if (this.#assembled + size > this.#assembly.length) this.#growAssembly(size)
    this.#assembly.set(chunk.subarray(at, end), this.#assembled)
    this.#assembled += size
    this.#missing -= size
    if (this.#missing === 0) {
      this.#part = 'head'
      const assembly = this.#assembly
      if (assembly.length > ASSEMBLY_KEPT_BYTES) {
        this.#assembly = new Uint8Array(ASSEMBLY_START_BYTES)
      }
      visitMessage(this.#visitor, this.#id, assembly, 0, this.#assembled)
    }
    return end
  }

  #feedUnknown(at: number, to: number): number {
    const end = Math.min(to, at + this.#missing)
    this.#missing -= end - at
    if (this.#missing === 0) this.#part = 'head'
    return end
  }

  #growAssembly(wantedBytes: number): void {
    let capacity = this.#assembly.length * 2
    while (capacity < this.#assembled + wantedBytes) capacity *= 2
    const larger = new Uint8Array(Math.min(capacity, this.#assembled + this.#missing))
    larger.set(this.#assembly.subarray(0, this.#assembled))
    this.#assembly = larger
  }
}

/** Reads one whole message, size and number included. @throws WireError also where bytes miss or follow */
export function visitFrame(visitor: MessageVisitor, frame: Uint8Array): void {
  if (frame.length < SIZE_BYTES) throw new WireError('frame-truncated', frame.length)
  if (readUint32(frame, 0) !== frame.length - SIZE_BYTES) throw new WireError('frame-size-wrong', 0)
  new FrameReader(visitor).feed(frame)
}
