// Walks the head of a Matroska or WebM file: SeekHead says where the Cues lie, Info how long it plays.
// @see RFC 8794 (EBML), RFC 9559 (Matroska)
import type { ByteRange, ContainerWalk } from './container-walk.ts'

const EBML = 0x1a45dfa3
const SEGMENT = 0x18538067
const SEEK_HEAD = 0x114d9b74
const SEEK = 0x4dbb
const SEEK_ID = 0x53ab
const SEEK_POSITION = 0x53ac
const INFO = 0x1549a966
const TIMESTAMP_SCALE = 0x2ad7b1
const DURATION = 0x4489
const CLUSTER = 0x1f43b675
const CUES = 0x1c53bb6b

/** An id of up to 4 bytes and a size of up to 8. */
const HEADER_BYTES = 12
/** Nanoseconds a tick where Info does not say. */
const DEFAULT_SCALE = 1_000_000

interface Element {
  readonly id: number
  readonly headerBytes: number
  /** Of its content; `Infinity` where the size is left open. */
  readonly bytes: number
}

export class MatroskaWalk implements ContainerWalk {
  index: ByteRange | undefined
  durationSeconds: number | undefined
  #at = 0
  /** Where the content of the Segment begins: positions in SeekHead count from there. */
  #segment = -1
  #cues = -1
  #isInCues = false

  static recognises(head: Uint8Array): boolean {
    return readElement(head, 0)?.id === EBML
  }

  look(bytes: Uint8Array): ByteRange | undefined {
    const element = readElement(bytes, 0)
    if (element === undefined) return undefined
    if (this.#isInCues) return this.#endAtCues(element)
    const { id, headerBytes } = element
    if (id === SEGMENT && this.#segment < 0) {
      this.#segment = this.#at + headerBytes
      return this.#goTo(this.#segment)
    }
    if (id === CUES) this.index = this.#rangeOf(element)
    if (id === CLUSTER) return this.#goToCues()
    if (id === SEEK_HEAD || id === INFO) {
      const whole = headerBytes + element.bytes
      if (bytes.length <= HEADER_BYTES && whole > bytes.length) {
        return { begin: this.#at, end: this.#at + whole }
      }
      this.#read(id, bytes.subarray(headerBytes, whole))
    }
    return this.#goTo(this.#at + headerBytes + element.bytes)
  }

  #read(id: number, content: Uint8Array): void {
    if (id === INFO) this.durationSeconds = readDuration(content)
    else this.#cues = readCuesPosition(content)
  }

  #goTo(begin: number): ByteRange | undefined {
    this.#at = begin
    if (this.durationSeconds !== undefined && this.#cues >= 0) return this.#goToCues()
    return { begin, end: begin + HEADER_BYTES }
  }

  #goToCues(): ByteRange | undefined {
    if (this.index !== undefined || this.#cues < 0) return undefined
    this.#isInCues = true
    this.#at = this.#segment + this.#cues
    return { begin: this.#at, end: this.#at + HEADER_BYTES }
  }

  #endAtCues(element: Element): undefined {
    if (element.id === CUES) this.index = this.#rangeOf(element)
  }

  #rangeOf(element: Element): ByteRange {
    return { begin: this.#at, end: this.#at + element.headerBytes + element.bytes }
  }
}

/** The element at `offset`, or `undefined` where none can be or its header is cut. */
function readElement(bytes: Uint8Array, offset: number): Element | undefined {
  const idBytes = widthOf(bytes[offset])
  if (idBytes === 0 || idBytes > 4) return undefined
  const sizeBytes = widthOf(bytes[offset + idBytes])
  const headerBytes = idBytes + sizeBytes
  if (sizeBytes === 0 || offset + headerBytes > bytes.length) return undefined
  const id = readUint(bytes, offset, idBytes)
  const marked = readUint(bytes, offset + idBytes, sizeBytes)
  const size = marked - 2 ** (7 * sizeBytes)
  const isOpen = size === 2 ** (7 * sizeBytes) - 1
  return { id, headerBytes, bytes: isOpen ? Number.POSITIVE_INFINITY : size }
}

/** How many bytes a variable number has, from its first one; 0 for none that begins so. */
function widthOf(first: number | undefined): number {
  return first === undefined || first === 0 ? 0 : Math.clz32(first) - 23
}

/** Up to 8 bytes, big endian. Above 2^53 the last digits are lost: such sizes end outside of any file. */
function readUint(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0
  for (let index = 0; index < size; index++) value = value * 256 + (bytes[offset + index] as number)
  return value
}

/** Calls `visit` with each element inside `content`, up to the first that is cut or malformed. */
function walk(content: Uint8Array, visit: (id: number, body: Uint8Array) => void): void {
  let at = 0
  while (at < content.length) {
    const element = readElement(content, at)
    if (element === undefined) return
    const begin = at + element.headerBytes
    const end = begin + element.bytes
    if (end > content.length) return
    visit(element.id, content.subarray(begin, end))
    at = end
  }
}

/** Where the Cues lie, counted from the Segment's content, or -1. */
function readCuesPosition(seekHead: Uint8Array): number {
  let cues = -1
  walk(seekHead, (id, seek) => {
    if (id !== SEEK) return
    let target = 0
    let position = -1
    walk(seek, (part, body) => {
      if (body.length > 8) return
      if (part === SEEK_ID) target = readUint(body, 0, body.length)
      if (part === SEEK_POSITION) position = readUint(body, 0, body.length)
    })
    if (target === CUES) cues = position
  })
  return cues
}

function readDuration(info: Uint8Array): number | undefined {
  let scale = DEFAULT_SCALE
  let ticks: number | undefined
  walk(info, (id, body) => {
    if (id === TIMESTAMP_SCALE && body.length <= 8) scale = readUint(body, 0, body.length)
    if (id === DURATION) ticks = readFloat(body)
  })
  return ticks === undefined ? undefined : (ticks * scale) / 1e9
}

function readFloat(body: Uint8Array): number | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  if (body.length === 4) return view.getFloat32(0)
  return body.length === 8 ? view.getFloat64(0) : undefined
}
