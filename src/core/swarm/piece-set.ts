// A set of pieces that answers "which is the first from here on, in both of us?" in words of 32 pieces.
// The words keep the bit order of BEP 3, so that a peer's bit field is read in without reversing it.

export class PieceSet {
  readonly size: number
  readonly words: Uint32Array
  #count = 0
  /** No piece is in a word before this one: keeps `first` from walking over what is long done. */
  #lowWord = 0

  constructor(size: number) {
    this.size = size
    this.words = new Uint32Array((size + 31) >>> 5)
  }

  get count(): number {
    return this.#count
  }

  has(piece: number): boolean {
    return ((this.words[piece >>> 5] as number) & (0x80000000 >>> (piece & 31))) !== 0
  }

  /** @returns whether the set changed. */
  add(piece: number): boolean {
    const word = piece >>> 5
    const old = this.words[word] as number
    const now = (old | (0x80000000 >>> (piece & 31))) >>> 0
    if (now === old) return false
    this.words[word] = now
    this.#count++
    if (word < this.#lowWord) this.#lowWord = word
    return true
  }

  /** @returns whether the set changed. */
  remove(piece: number): boolean {
    const word = piece >>> 5
    const old = this.words[word] as number
    const now = (old & ~(0x80000000 >>> (piece & 31))) >>> 0
    if (now === old) return false
    this.words[word] = now
    this.#count--
    return true
  }

  /** Takes the bits of a BEP 3 bit field; spare bits and missing bytes count as 0. */
  readField(bytes: Uint8Array): void {
    this.words.fill(0)
    const length = Math.min(bytes.length, (this.size + 7) >>> 3)
    for (let index = 0; index < length; index++) {
      const word = index >>> 2
      this.words[word] =
        (this.words[word] as number) | ((bytes[index] as number) << (24 - (index & 3) * 8))
    }
    const spare = this.words.length * 32 - this.size
    const last = this.words.length - 1
    if (spare > 0) this.words[last] = ((this.words[last] as number) >>> spare) << spare
    this.#lowWord = 0
    this.#count = 0
    for (const word of this.words) this.#count += bitCount(word)
  }

  /** The first piece at or after `from`, or -1. */
  first(from: number): number {
    return this.firstCommon(from, this)
  }

  /** The first piece at or after `from` that is in both sets, or -1. */
  firstCommon(from: number, other: PieceSet): number {
    const { words } = this
    let low = this.#lowWord
    while (low < words.length && words[low] === 0) low++
    this.#lowWord = low
    const fromWord = from >>> 5
    let word = Math.max(fromWord, low)
    if (word >= words.length) return -1
    let bits = (words[word] as number) & (other.words[word] as number)
    if (word === fromWord) bits &= 0xffffffff >>> (from & 31)
    while (bits === 0) {
      if (++word >= words.length) return -1
      bits = (words[word] as number) & (other.words[word] as number)
    }
    return (word << 5) + Math.clz32(bits)
  }

  /** How many pieces are in both sets. */
  countCommon(other: PieceSet): number {
    let count = 0
    for (let word = 0; word < this.words.length; word++) {
      count += bitCount((this.words[word] as number) & (other.words[word] as number))
    }
    return count
  }
}

function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
