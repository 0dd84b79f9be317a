// Stretches of pieces as they go over the wire: each block behind its `piece` header, made once when they are
// read from the store, so that a run of blocks is sent as one view of it, to any number of peers.
import { BLOCK_BYTES, ByteWriter, writePieceHead } from '../wire/index.ts'

/** Blocks of one image: 256 KiB, one read of the disk. */
export const IMAGE_BLOCKS = 16
/** Images kept, the least recently used dropped first: 8 MiB. */
const IMAGES_MAX = 32
const HEAD_BYTES = 13

export class WireImages {
  readonly #images = new Map<number, Uint8Array>()
  readonly #head = new ByteWriter()

  has(image: number): boolean {
    return this.#images.has(image)
  }

  /**
   * The messages of `count` blocks from block `first` of the image on, one after another.
   *
   * @returns a view that nobody may change, or `undefined` where the image is not here.
   */
  view(image: number, first: number, count: number): Uint8Array | undefined {
    const bytes = this.#images.get(image)
    if (bytes === undefined) return undefined
    this.#images.delete(image)
    this.#images.set(image, bytes)
    const step = HEAD_BYTES + BLOCK_BYTES
    return bytes.subarray(first * step, Math.min((first + count) * step, bytes.length))
  }

  /** Keeps the image of `bytes`, which start at `begin` of `piece`. */
  keep(image: number, piece: number, begin: number, bytes: Uint8Array): void {
    const blocks = Math.ceil(bytes.length / BLOCK_BYTES)
    const wire = new Uint8Array(bytes.length + blocks * HEAD_BYTES)
    for (let block = 0; block < blocks; block++) {
      const from = block * BLOCK_BYTES
      const part = bytes.subarray(from, from + BLOCK_BYTES)
      const at = block * (BLOCK_BYTES + HEAD_BYTES)
      writePieceHead(this.#head, piece, begin + from, part.length)
      wire.set(this.#head.take(), at)
      wire.set(part, at + HEAD_BYTES)
    }
    this.#images.set(image, wire)
    const oldest = this.#images.keys().next().value
    if (this.#images.size > IMAGES_MAX && oldest !== undefined) this.#images.delete(oldest)
  }
}
