// The 68 bytes that open a connection between peers (BEP 3), and what their reserved bits promise.
import { equalBytes } from '../bytes/index.ts'
import { WireError } from './errors.ts'

export const HANDSHAKE_BYTES = 68

const HEAD = Uint8Array.from('\x13BitTorrent protocol', character => character.charCodeAt(0))
const RESERVED_AT = 20
const INFOHASH_AT = 28
const PEER_ID_AT = 48

// Byte of the reserved eight, and bit in it.
const EXTENSION_BIT = { at: RESERVED_AT + 5, bit: 0x10 } // BEP 10
const DHT_BIT = { at: RESERVED_AT + 7, bit: 0x01 } // BEP 5
const FAST_BIT = { at: RESERVED_AT + 7, bit: 0x04 } // BEP 6
const V2_BIT = { at: RESERVED_AT + 7, bit: 0x10 } // BEP 52

export interface Handshake {
  /** 20 bytes: the v1 infohash or the v2 one cut short. */
  readonly infohash: Uint8Array
  /** 20 bytes. */
  readonly peerId: Uint8Array
  /** Reads `port` messages. @see BEP 5 */
  readonly hasDht: boolean
  /** @see BEP 6 */
  readonly hasFast: boolean
  /** @see BEP 10 */
  readonly hasExtensions: boolean
  /** Could go on in v2 with the v1 infohash of a hybrid torrent. @see BEP 52 */
  readonly hasV2: boolean
}

/** The 68 bytes that say `handshake`, freshly made; the reserved bits besides the four are 0. */
export function encodeHandshake(handshake: Handshake): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_BYTES)
  bytes.set(HEAD)
  if (handshake.hasExtensions) setBit(bytes, EXTENSION_BIT)
  if (handshake.hasDht) setBit(bytes, DHT_BIT)
  if (handshake.hasFast) setBit(bytes, FAST_BIT)
  if (handshake.hasV2) setBit(bytes, V2_BIT)
  bytes.set(handshake.infohash, INFOHASH_AT)
  bytes.set(handshake.peerId, PEER_ID_AT)
  return bytes
}

/**
 * Reads 68 bytes; what follows them is not looked at.
 *
 * @returns copies, nothing of `bytes` is kept.
 * @throws WireError where they are no handshake of BEP 3, e.g. the start of an encrypted one.
 */
export function decodeHandshake(bytes: Uint8Array): Handshake {
  if (bytes.length < HANDSHAKE_BYTES) throw new WireError('handshake-truncated', bytes.length)
  if (!startsLikeHandshake(bytes)) throw new WireError('handshake-other-protocol', 0)
  return {
    infohash: bytes.slice(INFOHASH_AT, PEER_ID_AT),
    peerId: bytes.slice(PEER_ID_AT, HANDSHAKE_BYTES),
    hasDht: hasBit(bytes, DHT_BIT),
    hasFast: hasBit(bytes, FAST_BIT),
    hasExtensions: hasBit(bytes, EXTENSION_BIT),
    hasV2: hasBit(bytes, V2_BIT),
  }
}

/**
 * Whether `bytes`, perhaps not all of them yet, are how a plaintext handshake starts: what tells it from
 * an encrypted one. True for none at all.
 */
export function startsLikeHandshake(bytes: Uint8Array): boolean {
  const size = Math.min(bytes.length, HEAD.length)
  return equalBytes(bytes.subarray(0, size), HEAD.subarray(0, size))
}

/** Collects the 68 bytes from chunks as they come. */
export class HandshakeReader {
  readonly #bytes = new Uint8Array(HANDSHAKE_BYTES)
  #size = 0
  #handshake: Handshake | undefined

  /** Set as soon as all 68 bytes are there. */
  get handshake(): Handshake | undefined {
    return this.#handshake
  }

  /**
   * Takes what it needs of a lent chunk from `from` on.
   *
   * @returns the offset in `chunk` of the first byte that it did not take: there the messages begin.
   * @throws WireError at the first byte that is wrong, not only when all 68 are there.
   */
  feed(chunk: Uint8Array, from = 0): number {
    const taken = Math.min(HANDSHAKE_BYTES - this.#size, chunk.length - from)
    this.#bytes.set(chunk.subarray(from, from + taken), this.#size)
    this.#size += taken
    if (!startsLikeHandshake(this.#bytes.subarray(0, this.#size))) {
      throw new WireError('handshake-other-protocol', 0)
    }
    if (this.#size === HANDSHAKE_BYTES) this.#handshake ??= decodeHandshake(this.#bytes)
    return from + taken
  }
}

interface Bit {
  readonly at: number
  readonly bit: number
}

function hasBit(bytes: Uint8Array, { at, bit }: Bit): boolean {
  return ((bytes[at] as number) & bit) !== 0
}

function setBit(bytes: Uint8Array, { at, bit }: Bit): void {
  bytes[at] = (bytes[at] as number) | bit
}
