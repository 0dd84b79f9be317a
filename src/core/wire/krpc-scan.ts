// A datagram of the DHT read in place: offsets instead of values, no object per datagram. For servers
// that answer so many strangers that `decodeKrpc`, which builds a message, would be half of the cost.

/** Deepest nesting that is followed; a query needs 3 (message, arguments, `want`). */
const SCAN_DEPTH_LIMIT = 5
/** Strings, integers, lists and dictionaries in one datagram; a query needs about 20. */
const SCAN_TOKEN_LIMIT = 100

export type ScannedMethod = 'none' | 'ping' | 'find_node' | 'get_peers' | 'get' | 'other'
export type ScannedKind = 'none' | 'query' | 'response' | 'error'

const COLON = 0x3a
const DICTIONARY = 0x64
const END = 0x65
const INTEGER = 0x69
const LIST = 0x6c
const MINUS = 0x2d
const ZERO = 0x30
const NOWHERE = -1
const ID_SIZE = 20

const codes = (text: string): Uint8Array => Uint8Array.from(text, letter => letter.charCodeAt(0))
const FIND_NODE = codes('find_node')
const GET_PEERS = codes('get_peers')
const PING = codes('ping')
const GET = codes('get')
const TARGET = codes('target')
const INFO_HASH = codes('info_hash')
const WANT = codes('want')

/**
 * Reads one datagram at a time. After `scan` answered true its fields say what was there; where a key
 * comes twice the last one counts. Offsets are into the bytes that `scan` was given.
 */
export class KrpcScanner {
  kind: ScannedKind = 'none'
  method: ScannedMethod = 'none'
  /** Where the transaction id is; `transactionSize` is 0 where there is none. */
  transactionAt = 0
  transactionSize = 0
  /** Where the sender's 20-byte id is: of `a` in a query, of `r` in a response; -1 where there is none. */
  idAt = NOWHERE
  /** Whether the arguments have a `target` or `info_hash` of 20 bytes. */
  hasTarget = false
  /** Families named in `want`. @see BEP 32 */
  wantsIp4 = false
  wantsIp6 = false
  /** @see BEP 43 */
  isReadOnly = false

  #bytes: Uint8Array = new Uint8Array(0)
  #end = 0
  #tokens = 0
  #argumentsIdAt = NOWHERE
  #returnIdAt = NOWHERE
  /** The string read last: where its characters start. It ends at the offset that `#string` answered. */
  #textAt = 0

  /** @returns false where the bytes `start..end-1` are not one bencoded dictionary within the limits. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.#forget(bytes, end)
    if (start >= end || bytes[start] !== DICTIONARY) return false
    let at = start + 1
    while (at < end && bytes[at] !== END) {
      at = this.#string(at)
      if (at === NOWHERE) return false
      at = this.#member(this.#textAt, at)
      if (at === NOWHERE) return false
    }
    this.idAt = this.kind === 'response' ? this.#returnIdAt : this.#argumentsIdAt
    return at === end - 1
  }

  #forget(bytes: Uint8Array, end: number): void {
    this.#bytes = bytes
    this.#end = end
    this.#tokens = 0
    this.#argumentsIdAt = NOWHERE
    this.#returnIdAt = NOWHERE
    this.kind = 'none'
    this.method = 'none'
    this.transactionAt = 0
    this.transactionSize = 0
    this.hasTarget = false
    this.wantsIp4 = false
    this.wantsIp6 = false
    this.isReadOnly = false
  }

  /** Reads the member whose key is at `keyAt` and whose value is at `at`; answers where it ends. */
  #member(keyAt: number, at: number): number {
    const bytes = this.#bytes
    if (at - keyAt === 2 && bytes[keyAt] === 0x72 && bytes[keyAt + 1] === 0x6f) {
      this.isReadOnly = bytes[at] === INTEGER && bytes[at + 1] === 0x31 && bytes[at + 2] === END
    }
    if (at - keyAt !== 1) return this.#skip(at, 1)
    switch (bytes[keyAt]) {
      case 0x61: // a
        return this.#fields(at, true)
      case 0x72: // r
        return this.#fields(at, false)
      case 0x71: // q
        return this.#readMethod(at)
      case 0x74: // t
        return this.#readTransaction(at)
      case 0x79: // y
        return this.#readKind(at)
      default:
        return this.#skip(at, 1)
    }
  }

  #readTransaction(at: number): number {
    const end = this.#string(at)
    this.transactionAt = this.#textAt
    this.transactionSize = end === NOWHERE ? 0 : end - this.#textAt
    return end
  }

  #readKind(at: number): number {
    const end = this.#string(at)
    if (end - this.#textAt !== 1) return end
    const letter = this.#bytes[this.#textAt]
    this.kind =
      letter === 0x71 ? 'query' : letter === 0x72 ? 'response' : letter === 0x65 ? 'error' : 'none'
    return end
  }

  #readMethod(at: number): number {
    const end = this.#string(at)
    if (end === NOWHERE) return end
    this.method = this.#isText(FIND_NODE, end)
      ? 'find_node'
      : this.#isText(GET_PEERS, end)
        ? 'get_peers'
        : this.#isText(PING, end)
          ? 'ping'
          : this.#isText(GET, end)
            ? 'get'
            : 'other'
    return end
  }

  /** Whether the string read last, which ends at `end`, is `text`. */
  #isText(text: Uint8Array, end: number): boolean {
    const at = this.#textAt
    if (end - at !== text.length) return false
    for (let index = 0; index < text.length; index++) {
      if (this.#bytes[at + index] !== text[index]) return false
    }
    return true
  }

  /** Reads the dictionary of the arguments or of the returned values. */
  #fields(start: number, isArguments: boolean): number {
    const bytes = this.#bytes
    if (bytes[start] !== DICTIONARY) return this.#skip(start, 1)
    if (++this.#tokens > SCAN_TOKEN_LIMIT) return NOWHERE
    let at = start + 1
    while (at < this.#end && bytes[at] !== END) {
      at = this.#string(at)
      if (at === NOWHERE) return NOWHERE
      at = this.#field(this.#textAt, at, isArguments)
      if (at === NOWHERE) return NOWHERE
    }
    return at < this.#end ? at + 1 : NOWHERE
  }

  #field(keyAt: number, at: number, isArguments: boolean): number {
    const bytes = this.#bytes
    if (at - keyAt === 2 && bytes[keyAt] === 0x69 && bytes[keyAt + 1] === 0x64) {
      const end = this.#skip(at, 2)
      const idAt = this.#isIdString(at, end) ? end - ID_SIZE : NOWHERE
      if (isArguments) this.#argumentsIdAt = idAt
      else this.#returnIdAt = idAt
      return end
    }
    if (!isArguments) return this.#skip(at, 2)
    this.#textAt = keyAt
    if (this.#isText(TARGET, at) || this.#isText(INFO_HASH, at)) {
      const end = this.#skip(at, 2)
      this.hasTarget = this.#isIdString(at, end)
      return end
    }
    return this.#isText(WANT, at) ? this.#readWant(at) : this.#skip(at, 2)
  }

  /** Whether the value `at..end-1` is a string of 20 bytes. */
  #isIdString(at: number, end: number): boolean {
    return end - at === ID_SIZE + 3 && this.#bytes[at] === 0x32 && this.#bytes[at + 1] === ZERO
  }

  #readWant(start: number): number {
    const bytes = this.#bytes
    const end = this.#skip(start, 2)
    if (end === NOWHERE || bytes[start] !== LIST) return end
    let at = start + 1
    while (at < end - 1) {
      const next = this.#skip(at, 3)
      if (next === NOWHERE) return NOWHERE
      if (next - at === 4 && bytes[at] === 0x32 && bytes[at + 2] === 0x6e) {
        if (bytes[at + 3] === 0x34) this.wantsIp4 = true
        if (bytes[at + 3] === 0x36) this.wantsIp6 = true
      }
      at = next
    }
    return end
  }

  /** Where the value at `at` ends, or -1 where it does not end within the limits. */
  #skip(at: number, depth: number): number {
    const first = at < this.#end ? this.#bytes[at] : undefined
    if (first === INTEGER) return this.#integer(at)
    if (first !== LIST && first !== DICTIONARY) return this.#string(at)
    if (depth >= SCAN_DEPTH_LIMIT || ++this.#tokens > SCAN_TOKEN_LIMIT) return NOWHERE
    let next = at + 1
    while (next < this.#end && this.#bytes[next] !== END) {
      if (first === DICTIONARY) next = this.#string(next)
      if (next !== NOWHERE) next = this.#skip(next, depth + 1)
      if (next === NOWHERE) return NOWHERE
    }
    return next < this.#end ? next + 1 : NOWHERE
  }

  /** Where the string at `at` ends, or -1; `#textAt` is then where its characters start. */
  #string(at: number): number {
    if (++this.#tokens > SCAN_TOKEN_LIMIT) return NOWHERE
    const bytes = this.#bytes
    let next = at
    let size = 0
    while (next < this.#end) {
      const digit = (bytes[next] as number) - ZERO
      if (digit < 0 || digit > 9) break
      size = size * 10 + digit
      next++
      // Longer than any datagram, or a number with a zero before it.
      if (next - at > 5 || (next - at > 1 && bytes[at] === ZERO)) return NOWHERE
    }
    if (next === at || next >= this.#end || bytes[next] !== COLON) return NOWHERE
    this.#textAt = next + 1
    return next + 1 + size <= this.#end ? next + 1 + size : NOWHERE
  }

  #integer(at: number): number {
    if (++this.#tokens > SCAN_TOKEN_LIMIT) return NOWHERE
    const bytes = this.#bytes
    let next = at + 1
    if (next < this.#end && bytes[next] === MINUS) next++
    const digitsAt = next
    while (next < this.#end && (bytes[next] as number) >= ZERO && (bytes[next] as number) <= 0x39) {
      next++
    }
    if (next === digitsAt || next >= this.#end || bytes[next] !== END) return NOWHERE
    const hasSpareZero = bytes[digitsAt] === ZERO && (next - digitsAt > 1 || digitsAt > at + 1)
    return hasSpareZero ? NOWHERE : next + 1
  }
}
