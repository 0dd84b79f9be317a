// A set of piece indexes in the form of BEP 3's `bitfield` message: bit 7 of byte 0 is piece 0.
import { assert } from './assert.ts'

/** A set of indexes `0..size-1`. The spare bits of its last byte are always 0. */
export class BitField {
  readonly bytes: Uint8Array
  readonly size: number
  #count = 0

  /** @param bytes taken over, not copied; spare bits are cleared. Absent: all 0. */
  constructor(size: number, bytes?: Uint8Array) {
    assert(bytes === undefined || bytes.length === (size + 7) >> 3, 'bit field of another size')
    this.size = size
    this.bytes = bytes ?? new Uint8Array((size + 7) >> 3)
    if (bytes === undefined) return
    if (size % 8 !== 0) {
      const last = bytes.length - 1
      bytes[last] = (bytes[last] as number) & (0xff00 >> (size % 8))
    }
    for (let index = 0; index < size; index++) if (this.has(index)) this.#count++
  }

  /** How many indexes are in the set. */
  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count === this.size
  }

  has(index: number): boolean {
    return ((this.bytes[index >> 3] as number) & (0x80 >> (index & 7))) !== 0
  }

  /** @returns whether the set changed. */
  add(index: number): boolean {
    assert(index >= 0 && index < this.size, 'bit outside of the field')
    if (this.has(index)) return false
    this.bytes[index >> 3] = (this.bytes[index >> 3] as number) | (0x80 >> (index & 7))
    this.#count++
    return true
  }

  /** @returns whether the set changed. */
  remove(index: number): boolean {
    assert(index >= 0 && index < this.size, 'bit outside of the field')
    if (!this.has(index)) return false
    this.bytes[index >> 3] = (this.bytes[index >> 3] as number) & ~(0x80 >> (index & 7))
    this.#count--
    return true
  }

  fill(): void {
    for (let index = 0; index < this.size; index++) this.add(index)
  }

  copy(): BitField {
    return new BitField(this.size, this.bytes.slice())
  }
}
