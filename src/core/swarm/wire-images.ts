// Stretches of pieces on their way to peers: the bytes as the store gave them, and the `piece` headers of
// their blocks, made once. Header and block are sent as views, so that nothing is copied, for any number of peers.
import { BLOCK_BYTES, ByteWriter, writePieceHead } from '../wire/index.ts'

/** Blocks of one stretch: 256 KiB, one read of the disk. */
export const IMAGE_BLOCKS = 16
/** Stretches kept, the least recently used dropped first: 8 MiB. */
const IMAGES_MAX = 32
const HEAD_BYTES = 13

interface Image {
  readonly bytes: Uint8Array
  readonly heads: Uint8Array
}

export class WireImages {
  readonly #images = new Map<number, Image>()
  readonly #writer = new ByteWriter()

  has(image: number): boolean {
    return this.#images.has(image)
  }

  /**
   * The messages of `count` blocks from block `first` of the stretch on: header, block, header, block …
   *
   * @returns views that nobody may change; none where the stretch is not here.
   */
  views(image: number, first: number, count: number): Uint8Array[] {
    const kept = this.#images.get(image)
    if (kept === undefined) return []
    this.#images.delete(image)
    this.#images.set(image, kept)
    const views: Uint8Array[] = []
    for (let block = first; block < first + count; block++) {
      views.push(kept.heads.subarray(block * HEAD_BYTES, (block + 1) * HEAD_BYTES))
      views.push(kept.bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES))
    }
    return views
  }

  /** Keeps `bytes`, which start at `begin` of `piece` and are not changed any more. */
  keep(image: number, piece: number, begin: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      writePieceHead(this.#writer, piece, begin + at, Math.min(BLOCK_BYTES, bytes.length - at))
    }
    this.#images.set(image, { bytes, heads: this.#writer.take() })
    const oldest = this.#images.keys().next().value
    if (this.#images.size > IMAGES_MAX && oldest !== undefined) this.#images.delete(oldest)
  }
}
