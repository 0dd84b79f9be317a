// Verified bytes for viewers and peers, from wherever they are: memory, the files, or a slot.
import type { Millis, RequestId } from '../world/index.ts'
import type { DiskQueue } from './disk-queue.ts'
import type { Ledger } from './ledger.ts'
import type { StoreNotice } from './words.ts'

/** What an upload reads from the disk at once; peers ask for the blocks of a piece one after another. */
export const CHUNK_BYTES = 256 * 1024
/** Chunks kept for uploads, 16 MiB: enough for each of some 50 peers to have its own. */
export const CHUNKS_MAX = 64

interface Chunk {
  /** `undefined` while it is being read. */
  bytes: Uint8Array | undefined
  waiting: { request: RequestId; begin: number; size: number }[]
}

export class Reader {
  readonly #ledger: Ledger
  readonly #disk: DiskQueue
  readonly #notify: (notice: StoreNotice) => void
  readonly #onFileGone: (file: number) => void
  readonly #cancelled = new Set<RequestId>()
  readonly #asked = new Set<RequestId>()
  /** By number, least recently used first. */
  readonly #chunks = new Map<number, Chunk>()

  constructor(
    ledger: Ledger,
    disk: DiskQueue,
    notify: (notice: StoreNotice) => void,
    onFileGone: (file: number) => void,
  ) {
    this.#ledger = ledger
    this.#disk = disk
    this.#notify = notify
    this.#onFileGone = onFileGone
  }

  /** Answers with 1 to `size` bytes of `file` from `begin` on: as far as they lie in one place. */
  read(request: RequestId, file: number, begin: number, size: number): void {
    const { layout, slots } = this.#ledger
    const { path, offset, size: fileSize } = layout.file(file)
    const piece = layout.pieceAt(file, begin)
    const inPiece = offset + begin - piece * layout.pieceBytes
    const inOnePiece = Math.min(size, fileSize - begin, layout.pieceBytes - inPiece)
    const held = this.#ledger.held.get(piece)
    const grown = this.#ledger.grown(file)
    if (held !== undefined) {
      this.#answer(request, held.bytes.slice(inPiece, inPiece + inOnePiece))
    } else if (begin < grown) {
      const inFile = Math.min(size, grown - begin)
      this.#fromDisk(request, { path, position: begin, size: inFile }, bytes => {
        if (bytes === undefined || bytes.length === 0) this.#gone(request, file)
        else this.#answer(request, bytes)
      })
    } else if (slots.has(piece)) {
      const position = slots.position(piece) + inPiece
      this.#fromDisk(request, { path: slots.path, position, size: inOnePiece }, bytes => {
        const isStillThere = slots.has(piece) && slots.position(piece) + inPiece === position
        // The piece moved into its file while this was read, and another may be in its slot.
        if (!isStillThere) this.read(request, file, begin, size)
        else if (bytes?.length === inOnePiece) this.#answer(request, bytes)
        else this.#lost(request, piece)
      })
    } else this.#fail(request, 'these bytes are not stored')
  }

  /** Answers with exactly `size` bytes of `piece` from `begin` on; the bytes may be shared: read only. */
  readBlock(request: RequestId, piece: number, begin: number, size: number): void {
    const held = this.#ledger.held.get(piece)
    if (held !== undefined) {
      this.#answer(request, held.bytes.slice(begin, begin + size))
      return
    }
    const within = begin % CHUNK_BYTES
    if (within + size > CHUNK_BYTES) {
      this.span(piece, begin, size, bytes => this.#answerOr(request, bytes, 0, size))
      return
    }
    const chunk = this.#chunkAt(piece, begin - within)
    if (chunk.bytes !== undefined) this.#answerOr(request, chunk.bytes, within, size)
    else chunk.waiting.push({ request, begin: within, size })
  }

  cancel(request: RequestId): void {
    if (this.#asked.has(request)) this.#cancelled.add(request)
  }

  /** Forgets what was kept of a piece that is missing again. */
  forget(piece: number): void {
    const perPiece = this.#chunksPerPiece()
    for (let at = 0; at < perPiece; at++) this.#chunks.delete(piece * perPiece + at)
  }

  /**
   * Bytes of a piece, put together from its files or its slot, padding as zeros; `undefined` where some
   * are not there. The bytes are the caller's.
   */
  span(piece: number, begin: number, size: number, done: (bytes?: Uint8Array) => void): void {
    const { layout, slots } = this.#ledger
    if (slots.has(piece)) {
      const position = slots.position(piece) + begin
      this.#disk.read(slots.path, position, size, bytes => {
        const isStillThere = slots.has(piece) && slots.position(piece) + begin === position
        if (!isStillThere) this.span(piece, begin, size, done)
        else done(bytes?.length === size ? bytes : undefined)
      })
      return
    }
    gather(this.#disk, layout, { piece, begin, size }, done)
  }

  #chunksPerPiece(): number {
    return Math.ceil(this.#ledger.layout.pieceBytes / CHUNK_BYTES)
  }

  #chunkAt(piece: number, begin: number): Chunk {
    const key = piece * this.#chunksPerPiece() + begin / CHUNK_BYTES
    const known = this.#chunks.get(key)
    this.#chunks.delete(key)
    const chunk: Chunk = known ?? { bytes: undefined, waiting: [] }
    this.#chunks.set(key, chunk)
    if (known !== undefined) return known
    const oldest = this.#chunks.size > CHUNKS_MAX ? this.#chunks.keys().next().value : undefined
    if (oldest !== undefined) this.#chunks.delete(oldest)
    const size = Math.min(CHUNK_BYTES, this.#ledger.layout.pieceSize(piece) - begin)
    this.span(piece, begin, size, bytes => {
      chunk.bytes = bytes
      if (bytes === undefined) this.#chunks.delete(key)
      for (const asked of chunk.waiting) {
        this.#answerOr(asked.request, bytes, asked.begin, asked.size)
      }
      chunk.waiting = []
    })
    return chunk
  }

  #fromDisk(
    request: RequestId,
    from: { path: string; position: number; size: number },
    done: (bytes: Uint8Array | undefined) => void,
  ): void {
    this.#asked.add(request)
    this.#disk.read(from.path, from.position, from.size, bytes => {
      this.#asked.delete(request)
      if (!this.#cancelled.delete(request)) done(bytes)
    })
  }

  #answerOr(request: RequestId, bytes: Uint8Array | undefined, begin: number, size: number): void {
    if (bytes === undefined) this.#fail(request, 'the bytes could not be read')
    else this.#answer(request, bytes.subarray(begin, begin + size))
  }

  #gone(request: RequestId, file: number): void {
    this.#onFileGone(file)
    this.#fail(request, `${this.#ledger.layout.file(file).path} is gone from the store directory`)
  }

  #lost(request: RequestId, piece: number): void {
    this.#ledger.lose(piece)
    this.#fail(request, 'the bytes could not be read')
  }

  #answer(request: RequestId, bytes: Uint8Array): void {
    this.#notify({ kind: 'read-done', request, bytes })
  }

  #fail(request: RequestId, message: string): void {
    this.#notify({ kind: 'read-failed', request, message })
  }
}

/** Reads a part of a piece out of its files, wherever they stand. */
export function gather(
  disk: DiskQueue,
  layout: Ledger['layout'],
  part: { piece: number; begin: number; size: number },
  done: (bytes: Uint8Array | undefined, nowMs?: Millis) => void,
  onShort: (file: number, size: number) => void = () => {},
): void {
  const { piece, begin, size } = part
  const spans = layout
    .spans(piece)
    .filter(span => span.positionInPiece < begin + size && span.positionInPiece + span.size > begin)
  const whole = spans.length === 1 && spans[0]?.size === size ? undefined : new Uint8Array(size)
  let left = spans.length
  let isWhole = true
  if (left === 0) done(whole ?? new Uint8Array(size))
  for (const span of spans) {
    const skipped = Math.max(0, begin - span.positionInPiece)
    const at = Math.max(0, span.positionInPiece - begin)
    const want = Math.min(span.size - skipped, size - at)
    const position = span.positionInFile + skipped
    disk.read(layout.file(span.file).path, position, want, (bytes, nowMs) => {
      if (bytes?.length !== want) {
        isWhole = false
        onShort(span.file, bytes === undefined ? 0 : position + bytes.length)
      } else whole?.set(bytes, at)
      if (--left === 0) done(isWhole ? (whole ?? bytes) : undefined, nowMs)
    })
  }
}
