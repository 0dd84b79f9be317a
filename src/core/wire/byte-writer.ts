// A growing run of bytes that encoders append to. It keeps its memory from one message to the next,
// so that encoding costs one exact allocation: the bytes handed over.
import { assert, writeUint32 } from '../bytes/index.ts'

const START_BYTES = 1024
/** What a writer keeps at most between messages; one large bitfield must not be held for ever. */
const KEPT_LIMIT_BYTES = 65_536

export class ByteWriter {
  #bytes = new Uint8Array(START_BYTES)
  #size = 0

  /** How many bytes were appended since the last `take`. */
  get size(): number {
    return this.#size
  }

  /** Appends one byte, of which the low 8 bits count. */
  byte(value: number): void {
    if (this.#size === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#size++] = value
  }

  /** Appends the low 16 bits of `value`, big endian. */
  uint16(value: number): void {
    this.byte(value >> 8)
    this.byte(value)
  }

  /** Appends `value`, 0 to 2^32-1, big endian. */
  uint32(value: number): void {
    if (this.#size + 4 > this.#bytes.length) this.#grow(4)
    writeUint32(this.#bytes, this.#size, value)
    this.#size += 4
  }

  /** Appends a copy of `run`. */
  bytes(run: Uint8Array): void {
    if (this.#size + run.length > this.#bytes.length) this.#grow(run.length)
    this.#bytes.set(run, this.#size)
    this.#size += run.length
  }

  /** Appends text whose characters are bytes, 0–255 (Latin-1). */
  latin1(text: string): void {
    if (this.#size + text.length > this.#bytes.length) this.#grow(text.length)
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      assert(code < 256, 'a character that is no byte')
      this.#bytes[this.#size++] = code
    }
  }

  /** Appends a whole number in decimal digits. */
  decimal(value: number): void {
    if (value >= 0 && value < 10) this.byte(48 + value)
    else this.latin1(value.toString())
  }

  /** Forgets what was appended. */
  clear(): void {
    this.#size = 0
  }

  /** What was appended, freshly made; the writer is empty again. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#size)
    this.#size = 0
    if (this.#bytes.length > KEPT_LIMIT_BYTES) this.#bytes = new Uint8Array(START_BYTES)
    return taken
  }

  #grow(wantedBytes: number): void {
    let capacity = this.#bytes.length * 2
    while (capacity < this.#size + wantedBytes) capacity *= 2
    const larger = new Uint8Array(capacity)
    larger.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = larger
  }
}
