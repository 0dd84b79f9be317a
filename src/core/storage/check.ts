// What is on the disk at the start. What the record vouches for counts when its files are long enough;
// everything else that is there is hashed, piece after piece, then slot after slot. Nothing that is right
// is thrown away: a right piece beyond the end of a file's right part waits in a slot like any other.
import { assert, BitField } from '../bytes/index.ts'
import type { DiskQueue } from './disk-queue.ts'
import type { Ledger } from './ledger.ts'
import { gather } from './reader.ts'
import type { Resume } from './resume.ts'
import type { SlotEntry } from './slots.ts'

export interface CheckHost {
  /** Asks the swarm whether these are the bytes of `piece`. */
  verify(piece: number, bytes: Uint8Array): void
  /** A right piece that is not where it should be: it is to be kept like one that a peer sent. */
  keep(piece: number, bytes: Uint8Array): void
  /** A file is right up to and with `lastByte`, as far as the system's cache goes: no sync vouches for it. */
  found(file: number, lastByte: number): void
  /** These pieces of the record are as it says. */
  trusted(pieces: readonly number[]): void
  /** Everything that is right is known. */
  done(result: FoundFiles): void
}

export interface FoundFiles {
  /** Ours, and longer on disk than what of them is right. */
  readonly oversized: readonly number[]
  /** Neither the record nor a right piece says that they are ours, and they are not empty. */
  readonly foreign: readonly number[]
}

type Source = { readonly kind: 'files' } | { readonly kind: 'slot'; readonly entry: SlotEntry }

export class Check {
  readonly #ledger: Ledger
  readonly #disk: DiskQueue
  readonly #host: CheckHost
  readonly #resume: Resume | undefined
  /** Files in which a right piece was found. */
  readonly #known: BitField
  /** Size of each file on disk as far as a short read has told; `Infinity` until then. */
  readonly #sizes: Float64Array
  #nextPiece = 0
  #slots: readonly SlotEntry[] = []
  #nextEntry = 0
  #asked: { piece: number; bytes: Uint8Array; source: Source } | undefined
  #isEnded = false

  constructor(ledger: Ledger, disk: DiskQueue, resume: Resume | undefined, host: CheckHost) {
    this.#ledger = ledger
    this.#disk = disk
    this.#resume = resume
    this.#known = new BitField(ledger.layout.files.length)
    this.#host = host
    this.#sizes = new Float64Array(ledger.layout.files.length).fill(Number.POSITIVE_INFINITY)
  }

  /** Begins with the table of slots, so that no slot of an earlier run is used before it is looked at. */
  start(): void {
    const { slots, layout } = this.#ledger
    this.#disk.read(slots.path, 0, slots.tableBytes, table => {
      this.#slots = slots.open(table ?? new Uint8Array(0), layout.pieceCount)
      this.#probe()
    })
  }

  /** One read for each file that the record vouches for: is it still that long? */
  #probe(): void {
    if (this.#isEnded) return
    const { layout } = this.#ledger
    let left = 1
    const probed = () => {
      if (--left === 0) this.#trust()
    }
    for (const [file, { path }] of layout.files.entries()) {
      const size = this.#vouchedSize(file)
      if (size === 0) continue
      left++
      this.#disk.read(path, size - 1, 1, bytes => {
        if (bytes?.length === 1) this.#ledger.setGrown(file, size)
        probed()
      })
    }
    probed()
  }

  /** Nobody wants to know any more: what is being read is the last, and the host hears nothing of it. */
  end(): void {
    this.#isEnded = true
  }

  /** The swarm's answer to `verify`. */
  checked(piece: number, isRight: boolean): void {
    const asked = this.#asked
    assert(asked?.piece === piece, 'an answer to another check')
    this.#asked = undefined
    if (isRight && !this.#ledger.has(piece)) {
      this.#accept(piece, asked.bytes, asked.source)
    } else if (asked.source.kind === 'slot') this.#ledger.slots.dismiss(asked.source.entry)
    this.#next()
  }

  #vouchedSize(file: number): number {
    const { layout } = this.#ledger
    const { size, isPadding } = layout.file(file)
    if (this.#resume === undefined || isPadding || size === 0) return 0
    let end = 0
    while (end < size) {
      const piece = layout.pieceAt(file, end)
      if (!this.#resume.vouched.has(piece)) return end
      end = Math.min(size, (piece + 1) * layout.pieceBytes - layout.file(file).offset)
    }
    return end
  }

  #trust(): void {
    if (this.#isEnded) return
    const { layout } = this.#ledger
    const trusted: number[] = []
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      if (this.#resume?.vouched.has(piece) !== true || this.#ledger.has(piece)) continue
      if (!layout.spans(piece).every(span => this.#ledger.isGrown(span))) continue
      trusted.push(piece)
      this.#ledger.settleFound(piece)
    }
    this.#host.trusted(trusted)
    this.#next()
  }

  #next(): void {
    if (this.#isEnded) return
    const piece = this.#nextInFiles()
    if (piece !== undefined) this.#readFiles(piece)
    else this.#nextSlot()
  }

  /** The next piece that may be whole in its files. */
  #nextInFiles(): number | undefined {
    const { layout } = this.#ledger
    while (this.#nextPiece < layout.pieceCount) {
      const piece = this.#nextPiece
      if (this.#ledger.has(piece)) {
        this.#nextPiece++
        continue
      }
      const [span] = layout.spans(piece)
      const isShort = (file: number, end: number) => (this.#sizes[file] as number) < end
      if (span !== undefined && isShort(span.file, span.positionInFile + span.size)) {
        // None of the pieces that end in this file can be there: on to the one where it ends.
        const last = layout.pieceAt(span.file, layout.file(span.file).size - 1)
        this.#nextPiece = Math.max(piece + 1, last)
        continue
      }
      this.#nextPiece++
      // A piece of nothing but padding is there without a disk; it is verified like any other.
      return piece
    }
    return undefined
  }

  #readFiles(piece: number): void {
    const { layout } = this.#ledger
    const part = { piece, begin: 0, size: layout.pieceSize(piece) }
    const onBytes = (bytes: Uint8Array | undefined) => {
      if (bytes === undefined) this.#next()
      else this.#verify(piece, bytes, { kind: 'files' })
    }
    gather(this.#disk, layout, part, onBytes, (file, size) => {
      this.#sizes[file] = Math.min(this.#sizes[file] as number, size)
    })
  }

  #nextSlot(): void {
    if (this.#isEnded) return
    const { slots, layout } = this.#ledger
    let entry = this.#slots[this.#nextEntry++]
    while (entry !== undefined && this.#ledger.has(entry.piece)) {
      slots.dismiss(entry)
      entry = this.#slots[this.#nextEntry++]
    }
    if (entry === undefined) {
      this.#finish()
      return
    }
    const source = { kind: 'slot', entry } as const
    const size = layout.pieceSize(entry.piece)
    this.#disk.read(slots.path, entry.position, size, bytes => {
      if (bytes?.length === size) this.#verify(source.entry.piece, bytes, source)
      else {
        slots.dismiss(source.entry)
        this.#nextSlot()
      }
    })
  }

  #verify(piece: number, bytes: Uint8Array, source: Source): void {
    if (this.#isEnded) return
    this.#asked = { piece, bytes, source }
    this.#host.verify(piece, bytes)
  }

  #accept(piece: number, bytes: Uint8Array, source: Source): void {
    if (source.kind === 'slot') {
      this.#ledger.slots.adopt(source.entry)
      this.#ledger.shelve(piece)
      this.#ledger.count(piece)
      return
    }
    const spans = this.#ledger.layout.spans(piece)
    for (const { file, positionInFile, positionInPiece, size } of spans) {
      this.#known.add(file)
      if (this.#ledger.grown(file) !== positionInFile) continue
      this.#ledger.setGrown(file, positionInFile + size)
      this.#host.found(file, bytes[positionInPiece + size - 1] as number)
    }
    this.#host.keep(piece, bytes)
  }

  /** Looks behind the right part of every file: what is there is torn, or not ours. */
  #finish(): void {
    const { layout } = this.#ledger
    const oversized: number[] = []
    const foreign: number[] = []
    let left = 1
    const probed = () => {
      if (--left > 0 || this.#isEnded) return
      this.#host.done({ oversized, foreign })
    }
    for (const [file, { path, isPadding }] of layout.files.entries()) {
      const grown = this.#ledger.grown(file)
      if (isPadding || (this.#sizes[file] as number) <= grown) continue
      left++
      this.#disk.read(path, grown, 1, bytes => {
        if (bytes !== undefined && bytes.length > 0) {
          if (this.#isOurs(file)) oversized.push(file)
          else foreign.push(file)
        }
        probed()
      })
    }
    probed()
  }

  /** A power loss may leave nothing right in a file of ours: then the record alone knows. */
  #isOurs(file: number): boolean {
    const isRecorded = this.#resume?.ours.has(file) === true
    return isRecorded || this.#known.has(file) || this.#ledger.grown(file) > 0
  }
}
