// A connection that we dialled under stream encryption: for peers, or lines, that let nothing else through.
// Plain connections, which are most, have none of this.
import { MseInitiator, type MseTools } from '../wire/index.ts'

type Cipher = { apply(input: Uint8Array, output: Uint8Array): void } | undefined

/** Where deciphered bytes lie until the next ones come: as large as what a driver receives at once. */
const SCRATCH_BYTES = 64 * 1024

export class Disguise {
  readonly #initiator: MseInitiator
  #isAgreed = false
  #incoming: Cipher
  #outgoing: Cipher
  #scratch = new Uint8Array(SCRATCH_BYTES)

  /** @param handshake our 68 bytes, sent along with the agreement. */
  constructor(tools: MseTools, infohash: Uint8Array, handshake: Uint8Array) {
    this.#initiator = new MseInitiator(tools, {
      infohash,
      methods: ['plaintext', 'rc4'],
      payload: handshake,
    })
  }

  /** The first bytes to send. */
  start(): Uint8Array {
    return this.#initiator.start()
  }

  /**
   * Takes received bytes, which are lent.
   *
   * @returns what is to be sent at once, and the plain bytes, valid until the next call.
   * @throws WireError where the peer speaks no encryption.
   */
  receive(bytes: Uint8Array): { send?: Uint8Array | undefined; plain?: Uint8Array | undefined } {
    if (!this.#isAgreed) {
      const { send, session } = this.#initiator.feed(bytes)
      if (session === undefined) return { send }
      this.#isAgreed = true
      this.#incoming = session.incoming
      this.#outgoing = session.outgoing
      return { send, plain: session.received }
    }
    if (this.#incoming === undefined) return { plain: bytes }
    if (bytes.length > this.#scratch.length) this.#scratch = new Uint8Array(bytes.length)
    const plain = this.#scratch.subarray(0, bytes.length)
    this.#incoming.apply(bytes, plain)
    return { plain }
  }

  /** @returns `bytes` as they are to be sent: themselves, or a copy under the cipher. */
  encipher(bytes: Uint8Array): Uint8Array {
    if (this.#outgoing === undefined) return bytes
    const enciphered = new Uint8Array(bytes.length)
    this.#outgoing.apply(bytes, enciphered)
    return enciphered
  }
}
