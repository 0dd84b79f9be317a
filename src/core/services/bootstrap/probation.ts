// Visitors who wait for their ping, first come first. What is known of them is an address; whoever is
// still there after the wait, and answers, gets into the ring.
import type { Endpoint } from './cookie.ts'
import type { KeyedHash } from './keyed-hash.ts'
import type { Tick } from './schedule.ts'

const ROWS_PER_CHUNK = 4096

interface Chunk {
  /** IP, port, socket. */
  readonly bytes: Uint8Array
  readonly dueAt: Uint32Array
}

/** A queue of one family, in chunks, so that memory follows what is in it. */
export class ProbationQueue {
  readonly #ipSize: 4 | 16
  readonly #rowSize: number
  readonly #limit: number
  readonly #hash: KeyedHash
  readonly #chunks: Chunk[] = []
  /** Rows of the first chunk that have left. */
  #left = 0
  #count = 0
  #offers = 0

  /** @param limit visitors who may wait. */
  constructor(ipSize: 4 | 16, limit: number, hash: KeyedHash) {
    this.#ipSize = ipSize
    this.#rowSize = ipSize + 3
    this.#limit = limit
    this.#hash = hash
  }

  get count(): number {
    return this.#count
  }

  /** When the first visitor is due; `Infinity` when nobody waits. */
  get dueAtTick(): Tick {
    if (this.#count === 0) return Number.POSITIVE_INFINITY
    return (this.#chunks[0] as Chunk).dueAt[this.#left] as number
  }

  /**
   * Queues a visitor until `dueAt`, or until those before him are due where that is later. From half of
   * the limit on newcomers are refused with growing probability, so that a flood cannot shut all others
   * out.
   *
   * @returns whether he was queued.
   */
  offer(dueAt: Tick, visitor: Endpoint, socket: number): boolean {
    const fill = this.#count / this.#limit
    if (fill > 0.5 && this.#luck() < fill * 2 - 1) return false
    if (this.#count >= this.#limit) return false
    const place = this.#left + this.#count
    const row = place % ROWS_PER_CHUNK
    if (Math.floor(place / ROWS_PER_CHUNK) === this.#chunks.length)
      this.#chunks.push(this.#newChunk())
    const chunk = this.#chunks[this.#chunks.length - 1] as Chunk
    const at = row * this.#rowSize
    for (let index = 0; index < this.#ipSize; index++) {
      chunk.bytes[at + index] = visitor.ip[visitor.ipAt + index] as number
    }
    chunk.bytes[at + this.#ipSize] = visitor.port >> 8
    chunk.bytes[at + this.#ipSize + 1] = visitor.port
    chunk.bytes[at + this.#ipSize + 2] = socket
    chunk.dueAt[row] = dueAt
    this.#count++
    return true
  }

  /** Takes out the first visitor; there is one. */
  take(): Endpoint & { readonly socket: number } {
    const chunk = this.#chunks[0] as Chunk
    const at = this.#left * this.#rowSize
    const port = at + this.#ipSize
    this.#count--
    this.#left++
    if (this.#left === ROWS_PER_CHUNK) {
      this.#chunks.shift()
      this.#left = 0
    }
    return {
      ip: chunk.bytes,
      ipAt: at,
      ipSize: this.#ipSize,
      port: ((chunk.bytes[port] as number) << 8) | (chunk.bytes[port + 1] as number),
      socket: chunk.bytes[port + 2] as number,
    }
  }

  /** 0 to 1, unforeseen. */
  #luck(): number {
    this.#offers = (this.#offers + 1) % 0x1_0000_0000
    return this.#hash.place(this.#offers, this.#count) / 0x1_0000_0000
  }

  #newChunk(): Chunk {
    return {
      bytes: new Uint8Array(ROWS_PER_CHUNK * this.#rowSize),
      dueAt: new Uint32Array(ROWS_PER_CHUNK),
    }
  }
}
