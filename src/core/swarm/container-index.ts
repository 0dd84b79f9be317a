// Finds a media file's index (MP4 `moov`, Matroska `Cues`) and its playing time by walking the headers of its
// boxes, as verified bytes arrive: the next header may lie gigabytes further on, so it asks for it by place.
//
// All bytes are a stranger's: sizes may be anything, and every walk has an end.
// @see ISO/IEC 14496-12 (boxes), RFC 8794 (EBML), RFC 9559 (Matroska)
import { MatroskaWalk } from './container-matroska.ts'
import { Mp4Walk } from './container-mp4.ts'
import type { ByteRange, ContainerWalk } from './container-walk.ts'

/** Enough for either walk to recognise its own: a box header or an EBML id. */
const FIRST_LOOK_BYTES = 16
/** Headers looked at in one file; a real file needs a dozen. */
export const LOOKS_MAX = 128
/** The most that a walk may ask for at once; a real SeekHead or mvhd has a few hundred bytes. */
export const LOOK_BYTES_MAX = 4096
/** An index larger than this is not fetched ahead: 64 MiB would be ten hours of MP4. */
const INDEX_BYTES_MAX = 64 * 1024 * 1024

/** `ended`: no index that could be found from the head, but players look at the end of such files. */
export type ContainerKind = 'unknown' | 'mp4' | 'matroska' | 'ended' | 'other'

/**
 * First bytes of containers that keep their index, or the time of their end, at the end: AVI, Ogg, ASF, MPEG
 * program and transport streams, FLV.
 */
const ENDED_HEADS: readonly (readonly number[])[] = [
  [0x52, 0x49, 0x46, 0x46],
  [0x4f, 0x67, 0x67, 0x53],
  [0x30, 0x26, 0xb2, 0x75],
  [0x00, 0x00, 0x01, 0xba],
  [0x47],
  [0x46, 0x4c, 0x56],
]

export class ContainerIndex {
  readonly #fileBytes: number
  #kind: ContainerKind = 'unknown'
  #walk: ContainerWalk | undefined
  #wants: ByteRange | undefined
  #carry = new Uint8Array(0)
  #looks = 0

  constructor(fileBytes: number) {
    this.#fileBytes = fileBytes
    this.#wants =
      fileBytes > 0 ? { begin: 0, end: Math.min(FIRST_LOOK_BYTES, fileBytes) } : undefined
  }

  /** `unknown` until the first bytes have been seen, `other` where they are of no container known here. */
  get kind(): ContainerKind {
    return this.#kind
  }

  /** The bytes to feed next; `undefined` when there is nothing more to find. */
  get wants(): ByteRange | undefined {
    const wants = this.#wants
    return wants && { begin: wants.begin + this.#carry.length, end: wants.end }
  }

  /** Where the index lies, inside the file; `undefined` while unknown or where there is none. */
  get index(): ByteRange | undefined {
    const index = this.#walk?.index
    if (index === undefined || index.begin >= this.#fileBytes) return undefined
    const end = Math.min(index.end, this.#fileBytes, index.begin + INDEX_BYTES_MAX)
    return { begin: index.begin, end }
  }

  get durationSeconds(): number | undefined {
    const seconds = this.#walk?.durationSeconds
    return seconds !== undefined && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined
  }

  /** Verified bytes of the file, lent; ignored where they are not what is wanted. */
  feed(begin: number, bytes: Uint8Array): void {
    let wants = this.wants
    while (wants !== undefined && wants.begin >= begin && wants.begin < begin + bytes.length) {
      const part = bytes.subarray(wants.begin - begin, wants.end - begin)
      this.#take(part)
      wants = this.wants
    }
  }

  #take(part: Uint8Array): void {
    const known = new Uint8Array(this.#carry.length + part.length)
    known.set(this.#carry)
    known.set(part, this.#carry.length)
    const asked = this.#wants as ByteRange
    if (known.length < asked.end - asked.begin) {
      this.#carry = known
      return
    }
    this.#carry = new Uint8Array(0)
    if (this.#kind === 'unknown') this.#recognise(known)
    this.#wants = this.#bounded(this.#walk?.look(known))
  }

  #recognise(head: Uint8Array): void {
    if (Mp4Walk.recognises(head)) {
      this.#kind = 'mp4'
      this.#walk = new Mp4Walk()
    } else if (MatroskaWalk.recognises(head)) {
      this.#kind = 'matroska'
      this.#walk = new MatroskaWalk()
    } else {
      const isEnded = ENDED_HEADS.some(ended => ended.every((byte, index) => head[index] === byte))
      this.#kind = isEnded ? 'ended' : 'other'
    }
  }

  #bounded(next: ByteRange | undefined): ByteRange | undefined {
    if (next === undefined || ++this.#looks >= LOOKS_MAX) return undefined
    const end = Math.min(next.end, next.begin + LOOK_BYTES_MAX, this.#fileBytes)
    return Number.isSafeInteger(next.begin) && next.begin >= 0 && end > next.begin
      ? { begin: next.begin, end }
      : undefined
  }
}
