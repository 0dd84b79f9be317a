// Message stream encryption: how two peers agree to disguise their stream (or not to). Both roles as
// small machines that are fed bytes and say what to send; see `mse-keys.ts` for the arithmetic.
// Source: the specification in the Vuze wiki, "Message Stream Encryption".
import { assert, concatBytes, readUint32, toHex, writeUint32 } from '../bytes/index.ts'
import type { Luck } from '../world/index.ts'
import { WireError } from './errors.ts'
import { Intake } from './intake.ts'
import {
  type CipherPair,
  checkPublicKey,
  cipherPair,
  type KeyExchange,
  MSE_KEY_BYTES,
  MSE_SECRET_BYTES,
  maskTopic,
  type Sha1,
  syncHash,
  topicHash,
} from './mse-keys.ts'
import type { Rc4 } from './rc4.ts'

/** The longest padding that either side may send. */
export const MSE_PADDING_LIMIT_BYTES = 512
/** The longest first payload that is taken from an initiator: a handshake and what may come with it. */
export const MSE_PAYLOAD_LIMIT_BYTES = 16_384

export type MseMethod = 'plaintext' | 'rc4'

const METHOD_BITS: Readonly<Record<MseMethod, number>> = { plaintext: 1, rc4: 2 }
/** The verification constant: eight zeros. */
const VC_BYTES = 8
/** Verification constant (8), method or methods (4), size of the padding that follows (2). */
const HEAD_BYTES = VC_BYTES + 4 + 2
const TOPIC_BYTES = 20

/** What both roles need of the world. */
export interface MseTools {
  readonly luck: Luck
  readonly sha1: Sha1
  readonly keyExchange: KeyExchange
}

/** What was agreed. */
export interface MseSession {
  readonly method: MseMethod
  /** 20 bytes: the torrent that both know. */
  readonly infohash: Uint8Array
  /** For what arrives from here on; `undefined` where plaintext was agreed. */
  readonly incoming: Rc4 | undefined
  /** For what is sent from here on. */
  readonly outgoing: Rc4 | undefined
  /** What the other side has sent already behind its part of the agreement, deciphered, a copy. */
  readonly received: Uint8Array
}

export interface MseStep {
  /** To be sent at once. */
  readonly send?: Uint8Array | undefined
  /** The agreement is reached; the machine is not to be fed any more. */
  readonly session?: MseSession | undefined
}

/** The side that dialled. */
export class MseInitiator {
  readonly #tools: MseTools
  readonly #options: InitiatorOptions
  readonly #exponent: Uint8Array
  readonly #intake = new Intake()
  /** Set once the other side's key is there. */
  #ciphers: CipherPair | undefined
  /** What ends the other side's padding, until it is found. */
  #sync: Uint8Array | undefined
  #choice: Choice | undefined

  constructor(tools: MseTools, options: InitiatorOptions) {
    assert(options.methods.length > 0, 'nothing to choose from')
    assert(options.payload.length <= MSE_PAYLOAD_LIMIT_BYTES, 'a payload that nobody takes')
    this.#tools = tools
    this.#options = options
    this.#exponent = tools.luck.bytes(MSE_SECRET_BYTES)
  }

  /** The first bytes to send. */
  start(): Uint8Array {
    const key = this.#tools.keyExchange.publicKey(this.#exponent)
    return concatBytes(key, makePadding(this.#tools.luck))
  }

  /**
   * Takes the next bytes of the stream, which are lent.
   *
   * @throws WireError where the other side speaks no stream encryption or chose what was not offered.
   */
  feed(bytes: Uint8Array): MseStep {
    this.#intake.push(bytes)
    let send: Uint8Array | undefined
    if (this.#ciphers === undefined) {
      const theirKey = this.#intake.take(MSE_KEY_BYTES)
      if (theirKey === undefined) return {}
      send = this.#request(theirKey)
    }
    return { send, session: this.#readAgreement(this.#ciphers as unknown as CipherPair) }
  }

  /** Says which torrent and which methods, and sends the payload along. */
  #request(theirKey: Uint8Array): Uint8Array {
    const { luck, sha1, keyExchange } = this.#tools
    const { infohash, methods, payload } = this.#options
    checkPublicKey(theirKey)
    const secret = keyExchange.sharedSecret(this.#exponent, theirKey)
    const ciphers = cipherPair(sha1, secret, infohash)
    this.#ciphers = ciphers
    // The verification constant is zeros: enciphered it is the key stream itself.
    this.#sync = new Uint8Array(VC_BYTES)
    ciphers.b.apply(this.#sync, this.#sync)
    const bits = methods.reduce((sum, method) => sum | METHOD_BITS[method], 0)
    const offer = concatBytes(makeHead(bits, luck), uint16(payload.length), payload)
    ciphers.a.apply(offer, offer)
    const topic = maskTopic(sha1, secret, topicHash(sha1, infohash))
    return concatBytes(syncHash(sha1, secret), topic, offer)
  }

  #readAgreement({ a, b }: CipherPair): MseSession | undefined {
    if (this.#sync !== undefined) {
      if (!this.#intake.skipPast(this.#sync, MSE_PADDING_LIMIT_BYTES)) return undefined
      this.#sync = undefined
    }
    this.#choice ??= this.#readChoice(b)
    if (this.#choice === undefined) return undefined
    const { method, paddingSize } = this.#choice
    const pad = this.#intake.take(paddingSize)
    if (pad === undefined) return undefined
    b.skip(paddingSize)
    const received = this.#intake.takeAll()
    if (method === 'rc4') b.apply(received, received)
    return makeSession(method, this.#options.infohash, { incoming: b, outgoing: a, received })
  }

  #readChoice(cipher: Rc4): Choice | undefined {
    const head = this.#intake.take(HEAD_BYTES - VC_BYTES)
    if (head === undefined) return undefined
    cipher.apply(head, head)
    const bits = readUint32(head, 0)
    const method = this.#options.methods.find(offered => METHOD_BITS[offered] === bits)
    if (method === undefined) throw new WireError('mse-method-not-offered', 0)
    return { method, paddingSize: readPaddingSize(head, 4) }
  }
}

/** The torrents that a receiver shares, by what an initiator says instead of their infohash. */
export class SkeyTable {
  readonly #sha1: Sha1
  readonly #infohashes = new Map<string, Uint8Array>()

  constructor(sha1: Sha1) {
    this.#sha1 = sha1
  }

  /** @param infohash 20 bytes, kept. */
  add(infohash: Uint8Array): void {
    this.#infohashes.set(toHex(topicHash(this.#sha1, infohash)), infohash)
  }

  remove(infohash: Uint8Array): void {
    this.#infohashes.delete(toHex(topicHash(this.#sha1, infohash)))
  }

  /** The infohash whose `topicHash` is `topic`. */
  find(topic: Uint8Array): Uint8Array | undefined {
    return this.#infohashes.get(toHex(topic))
  }
}

/** The side that was dialled. */
export class MseReceiver {
  readonly #tools: MseTools
  readonly #options: ReceiverOptions
  readonly #intake = new Intake()
  /** Set once the other side's key is there. */
  #secret: Uint8Array | undefined
  /** What ends the other side's padding, until it is found. */
  #sync: Uint8Array | undefined
  /** Set once the torrent is known. */
  #topic: Topic | undefined
  #choice: Choice | undefined
  #payloadSize: number | undefined

  constructor(tools: MseTools, options: ReceiverOptions) {
    assert(options.methods.length > 0, 'nothing to choose from')
    this.#tools = tools
    this.#options = options
  }

  /**
   * Takes the next bytes of the stream, which are lent.
   *
   * @throws WireError where the other side speaks no stream encryption, wants a torrent that we do not
   *   share, or offers nothing that we accept.
   */
  feed(bytes: Uint8Array): MseStep {
    this.#intake.push(bytes)
    let key: Uint8Array | undefined
    if (this.#secret === undefined) {
      const theirKey = this.#intake.take(MSE_KEY_BYTES)
      if (theirKey === undefined) return {}
      key = this.#answerKey(theirKey)
    }
    const payload = this.#readRequest(this.#secret as unknown as Uint8Array)
    if (payload === undefined) return { send: key }
    const step = this.#agree(payload)
    return key === undefined ? step : { ...step, send: concatBytes(key, step.send as Uint8Array) }
  }

  #answerKey(theirKey: Uint8Array): Uint8Array {
    const { luck, sha1, keyExchange } = this.#tools
    checkPublicKey(theirKey)
    const exponent = luck.bytes(MSE_SECRET_BYTES)
    this.#secret = keyExchange.sharedSecret(exponent, theirKey)
    this.#sync = syncHash(sha1, this.#secret)
    return concatBytes(keyExchange.publicKey(exponent), makePadding(luck))
  }

  /** Reads on in the request. @returns the payload that came with it, once it is all there. */
  #readRequest(secret: Uint8Array): Uint8Array | undefined {
    if (this.#sync !== undefined) {
      if (!this.#intake.skipPast(this.#sync, MSE_PADDING_LIMIT_BYTES)) return undefined
      this.#sync = undefined
    }
    this.#topic ??= this.#readTopic(secret)
    if (this.#topic === undefined) return undefined
    const cipher = this.#topic.ciphers.a
    this.#choice ??= this.#choose(cipher)
    if (this.#choice === undefined) return undefined
    this.#payloadSize ??= this.#readPayloadSize(cipher, this.#choice.paddingSize)
    if (this.#payloadSize === undefined) return undefined
    const payload = this.#intake.take(this.#payloadSize)
    if (payload !== undefined) cipher.apply(payload, payload)
    return payload
  }

  #readTopic(secret: Uint8Array): Topic | undefined {
    const { sha1 } = this.#tools
    const masked = this.#intake.take(TOPIC_BYTES)
    if (masked === undefined) return undefined
    const infohash = this.#options.table.find(maskTopic(sha1, secret, masked))
    if (infohash === undefined) throw new WireError('mse-unknown-torrent', 0)
    return { infohash, ciphers: cipherPair(sha1, secret, infohash) }
  }

  #choose(cipher: Rc4): Choice | undefined {
    const head = this.#intake.take(HEAD_BYTES)
    if (head === undefined) return undefined
    cipher.apply(head, head)
    if (head.subarray(0, VC_BYTES).some(byte => byte !== 0)) {
      throw new WireError('mse-verification-failed', 0)
    }
    const bits = readUint32(head, VC_BYTES)
    const method = this.#options.methods.find(known => (bits & METHOD_BITS[known]) !== 0)
    if (method === undefined) throw new WireError('mse-no-common-method', 0)
    return { method, paddingSize: readPaddingSize(head, VC_BYTES + 4) }
  }

  #readPayloadSize(cipher: Rc4, paddingSize: number): number | undefined {
    const bytes = this.#intake.take(paddingSize + 2)
    if (bytes === undefined) return undefined
    cipher.apply(bytes, bytes)
    const size = readUint16(bytes, paddingSize)
    if (size > MSE_PAYLOAD_LIMIT_BYTES) throw new WireError('mse-payload-too-long', 0)
    return size
  }

  #agree(payload: Uint8Array): MseStep {
    const { infohash, ciphers } = this.#topic as Topic
    const { method } = this.#choice as Choice
    const send = makeHead(METHOD_BITS[method], this.#tools.luck)
    ciphers.b.apply(send, send)
    const rest = this.#intake.takeAll()
    if (method === 'rc4') ciphers.a.apply(rest, rest)
    const received = concatBytes(payload, rest)
    const { a, b } = ciphers
    return { send, session: makeSession(method, infohash, { incoming: a, outgoing: b, received }) }
  }
}

export interface InitiatorOptions {
  readonly infohash: Uint8Array
  /** What the other side may choose from, at least one. */
  readonly methods: readonly MseMethod[]
  /** Sent with the agreement, enciphered: our handshake. At most `MSE_PAYLOAD_LIMIT_BYTES`. */
  readonly payload: Uint8Array
}

export interface ReceiverOptions {
  readonly table: SkeyTable
  /** What we accept, the best first, at least one. */
  readonly methods: readonly MseMethod[]
}

interface Topic {
  readonly infohash: Uint8Array
  readonly ciphers: CipherPair
}

interface Choice {
  readonly method: MseMethod
  readonly paddingSize: number
}

function makeSession(
  method: MseMethod,
  infohash: Uint8Array,
  stream: { readonly incoming: Rc4; readonly outgoing: Rc4; readonly received: Uint8Array },
): MseSession {
  if (method === 'rc4') return { method, infohash, ...stream }
  const { received } = stream
  return { method, infohash, incoming: undefined, outgoing: undefined, received }
}

/** The verification constant, the method or methods, and padding with its size before it. */
function makeHead(bits: number, luck: Luck): Uint8Array {
  const pad = makePadding(luck)
  const head = new Uint8Array(HEAD_BYTES)
  writeUint32(head, VC_BYTES, bits)
  head.set(uint16(pad.length), VC_BYTES + 4)
  return concatBytes(head, pad)
}

function makePadding(luck: Luck): Uint8Array {
  return luck.bytes(luck.below(MSE_PADDING_LIMIT_BYTES + 1))
}

function readPaddingSize(head: Uint8Array, at: number): number {
  const size = readUint16(head, at)
  if (size > MSE_PADDING_LIMIT_BYTES) throw new WireError('mse-padding-too-long', 0)
  return size
}

function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value)
}
