// The transaction id of a ping: a keyed hash of the address it goes to. Whoever returns it has received
// it there, so nothing is remembered for a ping in flight. See attacks.md, "spoofed pong".
import type { Luck, Millis } from '../../world/index.ts'
import { KeyedHash } from './keyed-hash.ts'

export const COOKIE_SIZE = 8
/** A cookie is good for one to two of these. A pong comes within seconds: what is later is a replay. */
const SECRET_LIFE_MS = 60_000

/** An address inside other bytes. */
export interface Endpoint {
  readonly ip: Uint8Array
  readonly ipAt: number
  readonly ipSize: 4 | 16
  readonly port: number
}

export class CookieJar {
  readonly #luck: Luck
  #secret: KeyedHash
  #oldSecret: KeyedHash
  #renewedAtMs: Millis
  /** The endpoint as the words that are hashed: the IP, then port and size. */
  readonly #words4 = new Int32Array(2)
  readonly #words16 = new Int32Array(5)
  readonly #tag = new Int32Array(2)

  constructor(luck: Luck, nowMs: Millis) {
    this.#luck = luck
    this.#secret = KeyedHash.from(luck)
    this.#oldSecret = KeyedHash.from(luck)
    this.#renewedAtMs = nowMs
  }

  /** Writes the cookie of an endpoint into `into` at `at`. */
  bake(nowMs: Millis, endpoint: Endpoint, into: Uint8Array, at: number): void {
    this.#renew(nowMs)
    this.#secret.tag(this.#wordsOf(endpoint), this.#tag)
    for (let index = 0; index < COOKIE_SIZE; index++) into[at + index] = this.#tagByte(index)
  }

  /** Whether the 8 bytes `bytes[at..]` are a cookie that this endpoint was sent lately. */
  isGood(nowMs: Millis, endpoint: Endpoint, bytes: Uint8Array, at: number): boolean {
    this.#renew(nowMs)
    const words = this.#wordsOf(endpoint)
    this.#secret.tag(words, this.#tag)
    if (this.#isTagAt(bytes, at)) return true
    this.#oldSecret.tag(words, this.#tag)
    return this.#isTagAt(bytes, at)
  }

  /** All bytes are looked at, so that the time taken does not tell how many were right. */
  #isTagAt(bytes: Uint8Array, at: number): boolean {
    let difference = 0
    for (let index = 0; index < COOKIE_SIZE; index++) {
      difference |= (bytes[at + index] as number) ^ this.#tagByte(index)
    }
    return difference === 0
  }

  #tagByte(index: number): number {
    return ((this.#tag[index >> 2] as number) >>> ((index & 3) * 8)) & 0xff
  }

  #wordsOf(endpoint: Endpoint): Int32Array {
    const { ip, ipAt, ipSize, port } = endpoint
    const words = ipSize === 4 ? this.#words4 : this.#words16
    for (let index = 0; index < ipSize; index += 4) {
      const at = ipAt + index
      words[index >> 2] =
        (ip[at] as number) |
        ((ip[at + 1] as number) << 8) |
        ((ip[at + 2] as number) << 16) |
        ((ip[at + 3] as number) << 24)
    }
    words[ipSize >> 2] = port | ((ipSize + 2) << 24)
    return words
  }

  #renew(nowMs: Millis): void {
    const ageMs = nowMs - this.#renewedAtMs
    if (ageMs < SECRET_LIFE_MS) return
    // After a silence of two lives the last secret, too, is older than any pong.
    this.#oldSecret = ageMs < 2 * SECRET_LIFE_MS ? this.#secret : KeyedHash.from(this.#luck)
    this.#secret = KeyedHash.from(this.#luck)
    this.#renewedAtMs = nowMs
  }
}
