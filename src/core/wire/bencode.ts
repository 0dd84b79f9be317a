// Bencode (BEP 3): scanned once into a flat table of tokens, values made only where they are asked for.
// The grammar is strict (no leading zeros, no `-0`, no key twice in a row) and every size is bounded
// before memory is spent; a document of n bytes costs one pass and 16 bytes a token.
import { WireError } from './errors.ts'

/** How large a document a decoder accepts. */
export interface BencodeLimits {
  /** Lists and dictionaries inside one another, the outermost counted. */
  readonly depthMax: number
  /** Values and keys in all. */
  readonly tokensMax: number
  /**
   * `sorted` rejects a dictionary whose keys are out of order; `any` takes it as it is, the first of
   * equal keys counting, because writers of unsorted dictionaries are common in the wild.
   */
  readonly keyOrder: 'sorted' | 'any'
}

/** A value of a scanned document: its number in the table of tokens. 0 is the outermost one. */
export type BencodeNode = number & { readonly brand?: 'bencode-node' }

export type BencodeKind = 'integer' | 'string' | 'list' | 'dictionary'

const COLON = 58
const DICTIONARY = 100
const END = 101
const INTEGER = 105
const LIST = 108
const MINUS = 45
const ZERO = 48
const NINE = 57

/** Digits of an integer; 64 bits need 19. */
const INTEGER_DIGITS_MAX = 20
/** Digits of a string's size; more could not be within any input of ours. */
const SIZE_DIGITS_MAX = 10
const TOKENS_AT_START = 64
const NO_KEY = -1

// A token is four numbers: where it starts, where its content starts (of a container: how many
// tokens are directly in it), where it ends, and which token follows it at its own level.
const STRIDE = 4
const CONTENT = 1
const STOP = 2
const NEXT = 3

/**
 * A reader of bencoded documents. One reader is used again and again: `scan` forgets the document
 * before, and nodes of it must not be asked for any more. It never copies: strings are views of the input.
 */
export class BencodeReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #tokens: Int32Array
  readonly #limits: BencodeLimits
  readonly #containers: Int32Array
  readonly #lastKeys: Int32Array

  constructor(limits: BencodeLimits) {
    this.#limits = limits
    this.#tokens = new Int32Array(STRIDE * Math.min(TOKENS_AT_START, limits.tokensMax))
    this.#containers = new Int32Array(limits.depthMax)
    this.#lastKeys = new Int32Array(limits.depthMax)
  }

  /**
   * Reads the one document that fills `bytes`. The bytes are lent: they must stay unchanged while
   * nodes are asked for.
   *
   * @returns the outermost value.
   * @throws WireError where the bytes are no bencode, go on after it, or exceed a limit.
   */
  scan(bytes: Uint8Array): BencodeNode {
    const end = this.scanPrefix(bytes)
    if (end !== bytes.length) throw new WireError('bencode-trailing-bytes', end)
    return 0
  }

  /**
   * Like `scan` for a document that other bytes may follow; its node is 0.
   *
   * @returns the offset of the first byte after the document.
   */
  scanPrefix(bytes: Uint8Array): number {
    this.#bytes = bytes
    let at = 0
    let depth = 0
    let count = 0
    do {
      const byte = bytes[at]
      if (byte === END) {
        if (depth === 0) throw new WireError('bencode-unexpected-end', at)
        const base = (this.#containers[--depth] as number) * STRIDE
        this.#closeContainer(base, ++at, count)
        continue
      }
      if (byte === undefined) throw new WireError('bencode-truncated', at)
      if (count === this.#limits.tokensMax) throw new WireError('bencode-too-many-tokens', at)
      if ((count + 1) * STRIDE > this.#tokens.length) this.#grow()
      const token = count++
      const isKey = depth > 0 && this.#noteChild(depth - 1, byte, at)
      const base = token * STRIDE
      this.#tokens[base] = at
      if (byte === LIST || byte === DICTIONARY) {
        if (depth === this.#limits.depthMax) throw new WireError('bencode-too-deep', at)
        this.#containers[depth] = token
        this.#lastKeys[depth++] = NO_KEY
        this.#tokens[base + CONTENT] = 0
        at++
      } else {
        at = byte === INTEGER ? this.#scanInteger(base, at) : this.#scanString(base, at)
        this.#tokens[base + STOP] = at
        this.#tokens[base + NEXT] = count
      }
      if (isKey) this.#noteKey(depth - 1, token)
    } while (depth > 0)
    return at
  }

  kind(node: BencodeNode): BencodeKind {
    const byte = this.#bytes[this.#tokens[node * STRIDE] as number]
    if (byte === INTEGER) return 'integer'
    if (byte === LIST) return 'list'
    return byte === DICTIONARY ? 'dictionary' : 'string'
  }

  /** Where `node` lies in the input, e.g. to hash the `info` dictionary: its bytes are `[start, end)`. */
  range(node: BencodeNode): { start: number; end: number } {
    const base = node * STRIDE
    return { start: this.#tokens[base] as number, end: this.#tokens[base + STOP] as number }
  }

  /** The bencoded bytes of `node` itself, a view of the input. */
  raw(node: BencodeNode): Uint8Array {
    const base = node * STRIDE
    return this.#bytes.subarray(this.#tokens[base] as number, this.#tokens[base + STOP] as number)
  }

  /** The content of a string, a view of the input. The caller knows that `node` is a string. */
  string(node: BencodeNode): Uint8Array {
    const base = node * STRIDE
    return this.#bytes.subarray(
      this.#tokens[base + CONTENT] as number,
      this.#tokens[base + STOP] as number,
    )
  }

  /** An integer that a JavaScript number holds exactly; `undefined` beyond ±(2^53-1). */
  integer(node: BencodeNode): number | undefined {
    const base = node * STRIDE
    const start = this.#tokens[base + CONTENT] as number
    const end = (this.#tokens[base + STOP] as number) - 1
    const isNegative = this.#bytes[start] === MINUS
    let value = 0
    for (let at = isNegative ? start + 1 : start; at < end; at++) {
      // The digit first: its character code would carry a value near the limit beyond it.
      value = value * 10 + ((this.#bytes[at] as number) - ZERO)
    }
    if (value > Number.MAX_SAFE_INTEGER) return undefined
    return isNegative ? -value : value
  }

  /** An integer of any size that the grammar allows (20 digits). */
  bigInteger(node: BencodeNode): bigint {
    const base = node * STRIDE
    const start = this.#tokens[base + CONTENT] as number
    return BigInt(latin1(this.#bytes, start, (this.#tokens[base + STOP] as number) - 1))
  }

  /** The first value inside a list or the first key inside a dictionary; `undefined` when empty. */
  firstChild(node: BencodeNode): BencodeNode | undefined {
    return this.#tokens[node * STRIDE + CONTENT] === 0 ? undefined : node + 1
  }

  /** What follows `child` inside `parent`: in a dictionary keys and values alternate. */
  nextChild(parent: BencodeNode, child: BencodeNode): BencodeNode | undefined {
    const next = this.#tokens[child * STRIDE + NEXT] as number
    return next < (this.#tokens[parent * STRIDE + NEXT] as number) ? next : undefined
  }

  /** What is directly inside a list, in order. */
  *children(list: BencodeNode): Generator<BencodeNode> {
    let child = this.firstChild(list)
    while (child !== undefined) {
      yield child
      child = this.nextChild(list, child)
    }
  }

  /** The keys and values of a dictionary, in the order in which they are written. */
  *entries(dictionary: BencodeNode): Generator<[key: BencodeNode, value: BencodeNode]> {
    let key = this.firstChild(dictionary)
    while (key !== undefined) {
      const value = this.nextChild(dictionary, key) as BencodeNode
      yield [key, value]
      key = this.nextChild(dictionary, value)
    }
  }

  /** How many values a list holds; of a dictionary, keys and values together. */
  childCount(node: BencodeNode): number {
    return this.#tokens[node * STRIDE + CONTENT] as number
  }

  /** The value of `key` (Latin-1 text, each character a byte) in a dictionary. */
  find(dictionary: BencodeNode, key: string): BencodeNode | undefined {
    const base = dictionary * STRIDE
    const end = this.#tokens[base + NEXT] as number
    let child = dictionary + 1
    while (child < end) {
      const value = this.#tokens[child * STRIDE + NEXT] as number
      if (this.#isString(child, key)) return value
      child = this.#tokens[value * STRIDE + NEXT] as number
    }
    return undefined
  }

  /** Like `find`, but a value of another kind counts as absent, as unknown keys do. */
  findKind(dictionary: BencodeNode, key: string, kind: BencodeKind): BencodeNode | undefined {
    const node = this.find(dictionary, key)
    return node !== undefined && this.kind(node) === kind ? node : undefined
  }

  /** The string at `key`, a view; `undefined` where it is absent or no string. */
  findString(dictionary: BencodeNode, key: string): Uint8Array | undefined {
    const node = this.findKind(dictionary, key, 'string')
    return node === undefined ? undefined : this.string(node)
  }

  /** The integer at `key`; `undefined` where it is absent, no integer, or beyond ±(2^53-1). */
  findInteger(dictionary: BencodeNode, key: string): number | undefined {
    const node = this.findKind(dictionary, key, 'integer')
    return node === undefined ? undefined : this.integer(node)
  }

  /** Whether `node` is the string `text` (Latin-1, each character a byte). */
  isText(node: BencodeNode, text: string): boolean {
    return this.kind(node) === 'string' && this.#isString(node, text)
  }

  /** A string as Latin-1 text: each character is a byte, so nothing is lost. */
  text(node: BencodeNode): string {
    const base = node * STRIDE
    return latin1(
      this.#bytes,
      this.#tokens[base + CONTENT] as number,
      this.#tokens[base + STOP] as number,
    )
  }

  #isString(node: number, text: string): boolean {
    const base = node * STRIDE
    const start = this.#tokens[base + CONTENT] as number
    if ((this.#tokens[base + STOP] as number) - start !== text.length) return false
    for (let index = 0; index < text.length; index++) {
      if (this.#bytes[start + index] !== text.charCodeAt(index)) return false
    }
    return true
  }

  #closeContainer(base: number, at: number, count: number): void {
    const isDictionary = this.#bytes[this.#tokens[base] as number] === DICTIONARY
    const children = this.#tokens[base + CONTENT] as number
    if (isDictionary && children % 2 !== 0) throw new WireError('bencode-key-without-value', at - 1)
    this.#tokens[base + STOP] = at
    this.#tokens[base + NEXT] = count
  }

  /** Counts a child of the innermost container. @returns whether it is a dictionary's key. */
  #noteChild(level: number, byte: number, at: number): boolean {
    const base = (this.#containers[level] as number) * STRIDE
    const children = this.#tokens[base + CONTENT] as number
    this.#tokens[base + CONTENT] = children + 1
    const isDictionary = this.#bytes[this.#tokens[base] as number] === DICTIONARY
    if (!isDictionary || children % 2 !== 0) return false
    if (byte < ZERO || byte > NINE) throw new WireError('bencode-key-no-string', at)
    return true
  }

  #noteKey(level: number, key: number): void {
    const before = this.#lastKeys[level] as number
    this.#lastKeys[level] = key
    if (before === NO_KEY) return
    const order = this.#compareStrings(before, key)
    if (order < 0) return
    const at = this.#tokens[key * STRIDE] as number
    if (order === 0) throw new WireError('bencode-key-twice', at)
    if (this.#limits.keyOrder === 'sorted') throw new WireError('bencode-keys-unsorted', at)
  }

  #compareStrings(a: number, b: number): number {
    const aStart = this.#tokens[a * STRIDE + CONTENT] as number
    const bStart = this.#tokens[b * STRIDE + CONTENT] as number
    const aSize = (this.#tokens[a * STRIDE + STOP] as number) - aStart
    const bSize = (this.#tokens[b * STRIDE + STOP] as number) - bStart
    const shared = Math.min(aSize, bSize)
    for (let index = 0; index < shared; index++) {
      const difference =
        (this.#bytes[aStart + index] as number) - (this.#bytes[bStart + index] as number)
      if (difference !== 0) return difference
    }
    return aSize - bSize
  }

  #scanInteger(base: number, from: number): number {
    const bytes = this.#bytes
    let at = from + 1
    this.#tokens[base + CONTENT] = at
    const isNegative = bytes[at] === MINUS
    if (isNegative) at++
    const first = bytes[at]
    const digitsFrom = at
    while (isDigit(bytes[at])) at++
    if (bytes[at] === undefined) throw new WireError('bencode-truncated', at)
    const digits = at - digitsFrom
    if (bytes[at] !== END || digits === 0) throw new WireError('bencode-integer-malformed', at)
    if (digits > INTEGER_DIGITS_MAX) throw new WireError('bencode-integer-too-large', from)
    if (first === ZERO && (digits > 1 || isNegative)) {
      throw new WireError('bencode-leading-zero', digitsFrom)
    }
    return at + 1
  }

  #scanString(base: number, from: number): number {
    const bytes = this.#bytes
    let at = from
    let size = 0
    while (isDigit(bytes[at])) {
      if (at - from === SIZE_DIGITS_MAX) throw new WireError('bencode-string-too-long', from)
      size = size * 10 + (bytes[at++] as number) - ZERO
    }
    if (at === from) throw new WireError('bencode-unknown-byte', at)
    if (bytes[at] === undefined) throw new WireError('bencode-truncated', at)
    if (bytes[at] !== COLON) throw new WireError('bencode-size-malformed', at)
    if (bytes[from] === ZERO && at - from > 1) throw new WireError('bencode-leading-zero', from)
    const end = ++at + size
    if (end > bytes.length) throw new WireError('bencode-truncated', from)
    this.#tokens[base + CONTENT] = at
    return end
  }

  #grow(): void {
    const tokens = Math.min((this.#tokens.length / STRIDE) * 2, this.#limits.tokensMax)
    const larger = new Int32Array(tokens * STRIDE)
    larger.set(this.#tokens)
    this.#tokens = larger
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number)
  return text
}
