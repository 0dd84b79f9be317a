// Pieces in the making: their buffers, from a pool, and who sent which block. Received bytes are
// copied once, from the socket's buffer to their place here.
//
// One connection at a time may write a block: the last that began it. Without that rule two copies of a
// block could mix, and the one who completes it would be blamed for the bytes of the other.
import { BLOCK_BYTES } from '../wire/index.ts'

/** What all buffers together may hold: 512 blocks in flight, as much being hashed and written, and air. */
const POOL_LIMIT_BYTES = 40 * 1024 * 1024
/** With pieces of 16 MiB and more: the one at the head, the one after it, one being hashed, one written. */
const POOL_BUFFERS_MIN = 4
/** With pieces of 16 KiB: as many as a fast peer has in flight. */
const POOL_BUFFERS_MAX = 2048

const NOBODY = 0

export class OpenPiece {
  readonly piece: number
  /** The whole piece, as long as the piece is. */
  readonly bytes: Uint8Array
  /** By block: the number of the peer that writes or wrote it, 0 for nobody. */
  readonly senders: Int32Array
  /** By block: 1 once it is complete. */
  readonly isComplete: Uint8Array
  /** By block: 1 once its Merkle leaf has been checked; only of pieces with known leaves. */
  readonly isVerified: Uint8Array
  /** The buffer went back to the pool: whoever still writes into this piece must stop. */
  isClosed = false

  constructor(piece: number, bytes: Uint8Array) {
    this.piece = piece
    this.bytes = bytes
    const blocks = Math.ceil(bytes.length / BLOCK_BYTES)
    this.senders = new Int32Array(blocks)
    this.isComplete = new Uint8Array(blocks)
    this.isVerified = new Uint8Array(blocks)
  }

  /** `peer` begins to send `block`: what another had begun of it no longer counts. */
  begin(block: number, peer: number): boolean {
    if (this.isClosed || this.isComplete[block] === 1) return false
    this.senders[block] = peer
    return true
  }

  /** Copies part of a block, if it is still `peer` who writes it. */
  write(block: number, peer: number, offset: number, part: Uint8Array): void {
    if (this.isClosed || this.isComplete[block] === 1 || this.senders[block] !== peer) return
    this.bytes.set(part, offset)
  }

  /** @returns whether `block` is complete now, by `peer`, and was not before. */
  complete(block: number, peer: number): boolean {
    if (this.isClosed || this.isComplete[block] === 1 || this.senders[block] !== peer) return false
    this.isComplete[block] = 1
    return true
  }

  /** The block was wrong or is withdrawn: it counts as never received. */
  forget(block: number): void {
    this.isComplete[block] = 0
    this.isVerified[block] = 0
    this.senders[block] = NOBODY
  }

  /** The blocks that `peer` sent completely. */
  blocksFrom(peer: number): number[] {
    const blocks: number[] = []
    for (const [block, sender] of this.senders.entries()) {
      if (sender === peer && this.isComplete[block] === 1) blocks.push(block)
    }
    return blocks
  }

  /** The bytes of one block: a view. */
  block(block: number): Uint8Array {
    const begin = block * BLOCK_BYTES
    return this.bytes.subarray(begin, Math.min(begin + BLOCK_BYTES, this.bytes.length))
  }
}

/** Buffers of one size, lent and given back. Made when first needed, kept for the next piece. */
export class BufferPool {
  readonly bufferBytes: number
  /** How many pieces may be open at once: the picker's limit. */
  readonly buffersMax: number
  readonly #idle: Uint8Array[] = []

  constructor(bufferBytes: number) {
    this.bufferBytes = bufferBytes
    const fitting = Math.floor(POOL_LIMIT_BYTES / bufferBytes)
    this.buffersMax = Math.max(POOL_BUFFERS_MIN, Math.min(POOL_BUFFERS_MAX, fitting))
  }

  /** @returns a buffer of `bufferBytes` with anything in it. */
  take(): Uint8Array {
    return this.#idle.pop() ?? new Uint8Array(this.bufferBytes)
  }

  /** Takes back a buffer, or a view of it that starts where it starts; one from elsewhere is let go. */
  giveBack(bytes: Uint8Array): void {
    const isForeign = bytes.buffer.byteLength < this.bufferBytes
    if (isForeign || this.#idle.length >= this.buffersMax) return
    this.#idle.push(new Uint8Array(bytes.buffer as ArrayBuffer, 0, this.bufferBytes))
  }

  /** Lets go of what is idle: the torrent is complete. */
  trim(): void {
    this.#idle.length = 0
  }
}
