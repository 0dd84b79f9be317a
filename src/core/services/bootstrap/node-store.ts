// Nodes of one family as rows of flat arrays: 26 or 38 bytes as they go out, and 14 of our own. Memory
// comes in chunks as the count grows and goes when it shrinks, so that it is proportional to use and
// growing never copies what is there.
import { assert } from '../../bytes/index.ts'

/** How many answers' worth of nodes a chunk holds: about 1.3 MB with answers of 16. */
const PAGES_PER_CHUNK = 2048
/** Positions are 24 bits of a word in the index. */
export const NODES_LIMIT = 2 ** 24 - 2
export const ID_SIZE = 20
/** No position. */
export const NONE = 0xffffffff

export interface StoreOptions {
  readonly ipSize: 4 | 16
  /** Nodes in a page, which is what one answer hands out: 1 to 64. */
  readonly pageSize: number
}

/** One chunk. The nodes of a page lie one after another in it. */
export interface Chunk {
  readonly bytes: Uint8Array
  /** When the node must be looked at next, in the ring's ticks. */
  readonly checkAt: Uint32Array
  readonly older: Uint32Array
  readonly younger: Uint32Array
  /** The ring's marks: how often it was asked in vain, and through which socket it is reached. */
  readonly marks: Uint8Array
  /** How many pongs in a row have made the ring trust it, which says when it is asked next. */
  readonly levels: Uint8Array
}

/** Rows `0..count-1`, without holes. */
export class NodeStore {
  readonly ipSize: 4 | 16
  /** Bytes of a node as it goes out: id, IP, port. */
  readonly nodeSize: number
  readonly pageSize: number
  readonly #chunkSize: number
  readonly #chunks: Chunk[] = []
  #count = 0

  constructor(options: StoreOptions) {
    assert(options.pageSize >= 1 && options.pageSize <= 64, 'a page has 1 to 64 nodes')
    this.ipSize = options.ipSize
    this.nodeSize = ID_SIZE + options.ipSize + 2
    this.pageSize = options.pageSize
    this.#chunkSize = PAGES_PER_CHUNK * options.pageSize
  }

  get count(): number {
    return this.#count
  }

  /** Makes room for one more row, at position `count - 1`, its content undefined. */
  push(): void {
    assert(this.#count < NODES_LIMIT, 'the store is full')
    if (this.#count === this.#chunks.length * this.#chunkSize) this.#chunks.push(this.#newChunk())
    this.#count++
  }

  /** Drops the last row. One empty chunk is kept, or a count near a border would churn memory. */
  pop(): void {
    assert(this.#count > 0, 'the store is empty')
    this.#count--
    const needed = Math.ceil(this.#count / this.#chunkSize)
    if (this.#chunks.length > needed + 1) this.#chunks.pop()
  }

  chunkOf(position: number): Chunk {
    return this.#chunks[Math.floor(position / this.#chunkSize)] as Chunk
  }

  /** The row's index in the arrays of its chunk. */
  rowOf(position: number): number {
    return position % this.#chunkSize
  }

  /** Where the node's bytes start in the `bytes` of its chunk. */
  offsetOf(position: number): number {
    return (position % this.#chunkSize) * this.nodeSize
  }

  /** Copies the whole row `from` over the row `to`. */
  copy(from: number, to: number): void {
    const source = this.chunkOf(from)
    const target = this.chunkOf(to)
    const sourceRow = this.rowOf(from)
    const targetRow = this.rowOf(to)
    const start = this.offsetOf(from)
    target.bytes.set(source.bytes.subarray(start, start + this.nodeSize), this.offsetOf(to))
    target.checkAt[targetRow] = source.checkAt[sourceRow] as number
    target.older[targetRow] = source.older[sourceRow] as number
    target.younger[targetRow] = source.younger[sourceRow] as number
    target.marks[targetRow] = source.marks[sourceRow] as number
    target.levels[targetRow] = source.levels[sourceRow] as number
  }

  #newChunk(): Chunk {
    return {
      bytes: new Uint8Array(this.#chunkSize * this.nodeSize),
      checkAt: new Uint32Array(this.#chunkSize),
      older: new Uint32Array(this.#chunkSize),
      younger: new Uint32Array(this.#chunkSize),
      marks: new Uint8Array(this.#chunkSize),
      levels: new Uint8Array(this.#chunkSize),
    }
  }
}
