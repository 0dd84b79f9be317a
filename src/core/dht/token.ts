// Write tokens: whoever shows one has lately received a datagram of ours at its IP, so that nobody can
// announce or store in the name of another address. See attacks.md, "spoofed announce".
import { concatBytes, equalBytes } from '../bytes/index.ts'
import type { Digests, Luck, Millis } from '../world/index.ts'

const TOKEN_SIZE = 8
const SECRET_SIZE = 16
/** A token is good for one to two of these, so that an announce may follow a slow lookup. */
export const SECRET_LIFE_MS = 300_000

export class Tokens {
  readonly #luck: Luck
  readonly #sha1: Digests['sha1']
  #secret: Uint8Array
  #before: Uint8Array
  #changedMs: Millis = Number.NEGATIVE_INFINITY

  constructor(luck: Luck, sha1: Digests['sha1']) {
    this.#luck = luck
    this.#sha1 = sha1
    this.#secret = luck.bytes(SECRET_SIZE)
    this.#before = this.#secret
  }

  /** The token for `ip`, 8 bytes. */
  issue(nowMs: Millis, ip: Uint8Array): Uint8Array {
    this.#rotate(nowMs)
    return this.#tokenFor(this.#secret, ip)
  }

  /** Whether `token` was issued to `ip` lately. */
  accepts(nowMs: Millis, ip: Uint8Array, token: Uint8Array): boolean {
    this.#rotate(nowMs)
    return (
      equalBytes(token, this.#tokenFor(this.#secret, ip)) ||
      equalBytes(token, this.#tokenFor(this.#before, ip))
    )
  }

  #tokenFor(secret: Uint8Array, ip: Uint8Array): Uint8Array {
    return this.#sha1(concatBytes(secret, ip)).subarray(0, TOKEN_SIZE)
  }

  #rotate(nowMs: Millis): void {
    const ageMs = nowMs - this.#changedMs
    if (ageMs < SECRET_LIFE_MS) return
    // After a long silence the secret before the last has outlived itself as well.
    this.#before = ageMs < 2 * SECRET_LIFE_MS ? this.#secret : this.#luck.bytes(SECRET_SIZE)
    this.#secret = this.#luck.bytes(SECRET_SIZE)
    this.#changedMs = nowMs
  }
}
