// Walks the boxes of an MP4 (or QuickTime) file to `moov`, and in it to `mvhd`. @see ISO/IEC 14496-12
import { readUint32 } from '../bytes/index.ts'
import type { ByteRange, ContainerWalk } from './container-walk.ts'

/** Size and type, and the 64-bit size that may follow. */
const HEADER_BYTES = 16
/** The longer of the two forms of `mvhd`, up to its duration. */
const MVHD_BYTES = 8 + 32
/** Types with which a file may begin. */
const FIRST_TYPES = ['ftyp', 'styp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot']

interface Box {
  readonly type: string
  readonly headerBytes: number
  /** With the header; `Infinity` for "up to the end of the file". */
  readonly bytes: number
}

export class Mp4Walk implements ContainerWalk {
  index: ByteRange | undefined
  durationSeconds: number | undefined
  /** Where the box lies that is looked at. */
  #at = 0

  static recognises(head: Uint8Array): boolean {
    const box = readBox(head)
    return box !== undefined && FIRST_TYPES.includes(box.type)
  }

  look(bytes: Uint8Array): ByteRange | undefined {
    const box = readBox(bytes)
    if (box === undefined) return undefined
    if (this.index === undefined) return this.#lookAtTop(box)
    if (box.type !== 'mvhd') return this.#goTo(this.#at + box.bytes, HEADER_BYTES)
    if (bytes.length <= HEADER_BYTES) return this.#goTo(this.#at, MVHD_BYTES)
    this.durationSeconds = readDuration(bytes.subarray(box.headerBytes))
    return undefined
  }

  #lookAtTop(box: Box): ByteRange | undefined {
    if (box.type !== 'moov') return this.#goTo(this.#at + box.bytes, HEADER_BYTES)
    this.index = { begin: this.#at, end: this.#at + box.bytes }
    return this.#goTo(this.#at + box.headerBytes, HEADER_BYTES)
  }

  #goTo(begin: number, bytes: number): ByteRange | undefined {
    if (this.index !== undefined && begin >= this.index.end) return undefined
    this.#at = begin
    return { begin, end: begin + bytes }
  }
}

/** The box at the start of `bytes`, or `undefined` where none can be. */
function readBox(bytes: Uint8Array): Box | undefined {
  if (bytes.length < 8) return undefined
  const type = String.fromCharCode(...bytes.subarray(4, 8))
  const size = readUint32(bytes, 0)
  if (size === 0) return { type, headerBytes: 8, bytes: Number.POSITIVE_INFINITY }
  if (size >= 8) return { type, headerBytes: 8, bytes: size }
  if (size !== 1 || bytes.length < 16) return undefined
  const longSize = readUint64(bytes, 8)
  return longSize >= 16 ? { type, headerBytes: 16, bytes: longSize } : undefined
}

/** Seconds, from what follows the header of an `mvhd`; `undefined` where it does not say. */
function readDuration(body: Uint8Array): number | undefined {
  const isLong = body[0] === 1
  if (body.length < (isLong ? 32 : 20)) return undefined
  const timescale = readUint32(body, isLong ? 20 : 12)
  const duration = isLong ? readUint64(body, 24) : readUint32(body, 16)
  return timescale > 0 ? duration / timescale : undefined
}

function readUint64(bytes: Uint8Array, offset: number): number {
  return readUint32(bytes, offset) * 0x1_0000_0000 + readUint32(bytes, offset + 4)
}
