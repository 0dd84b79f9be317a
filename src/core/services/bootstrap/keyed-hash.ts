// HalfSipHash: a hash that a stranger without its key cannot foresee. A constant seed would let a visitor
// aim at one slot of a table; a guessable cookie would let him answer for an address that is not his.
import type { Luck } from '../../world/index.ts'

/**
 * HalfSipHash with a 64-bit key over 32-bit words. One object serves one caller after another: it keeps
 * the state of a hash in its fields, so that nothing is made for it.
 *
 * @see https://github.com/veorq/SipHash (halfsiphash.c); vectors in keyed-hash.test.ts
 */
export class KeyedHash {
  readonly #key0: number
  readonly #key1: number
  #v0 = 0
  #v1 = 0
  #v2 = 0
  #v3 = 0

  /** @param key 8 bytes. */
  constructor(key: Uint8Array) {
    const words = new DataView(key.buffer, key.byteOffset, 8)
    this.#key0 = words.getInt32(0, true)
    this.#key1 = words.getInt32(4, true)
  }

  static from(luck: Luck): KeyedHash {
    return new KeyedHash(luck.bytes(8))
  }

  /**
   * For places in tables: 1 round a word and 3 at the end, about 30 ns.
   *
   * @returns 0 to 2^32-1.
   */
  place(first: number, second: number): number {
    this.#start(0)
    this.#word(first | 0, 1)
    this.#word(second | 0, 1)
    this.#word(8 << 24, 1)
    this.#finish(0xff, 3)
    return (this.#v1 ^ this.#v3) >>> 0
  }

  /**
   * For cookies: 2 rounds a word, 4 at the end, 64 bits.
   *
   * @param words the message as little-endian words; a last partial word is padded with zeros and
   *   carries the message's size in its top byte, as the algorithm wants.
   * @param tag 2 words, written.
   */
  tag(words: Int32Array, tag: Int32Array): void {
    this.#start(0xee)
    for (let index = 0; index < words.length; index++) this.#word(words[index] as number, 2)
    this.#finish(0xee, 4)
    tag[0] = this.#v1 ^ this.#v3
    this.#v1 ^= 0xdd
    for (let round = 0; round < 4; round++) this.#round()
    tag[1] = this.#v1 ^ this.#v3
  }

  #start(variant: number): void {
    this.#v0 = this.#key0
    this.#v1 = this.#key1 ^ variant
    this.#v2 = 0x6c796765 ^ this.#key0
    this.#v3 = 0x74656462 ^ this.#key1
  }

  #word(word: number, rounds: number): void {
    this.#v3 ^= word
    for (let round = 0; round < rounds; round++) this.#round()
    this.#v0 ^= word
  }

  #finish(variant: number, rounds: number): void {
    this.#v2 ^= variant
    for (let round = 0; round < rounds; round++) this.#round()
  }

  #round(): void {
    let v0 = (this.#v0 + this.#v1) | 0
    let v1 = ((this.#v1 << 5) | (this.#v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    let v2 = (this.#v2 + this.#v3) | 0
    let v3 = ((this.#v3 << 8) | (this.#v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    this.#v0 = v0
    this.#v1 = v1
    this.#v2 = v2
    this.#v3 = v3
  }
}
