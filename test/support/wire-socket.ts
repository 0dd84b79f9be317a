// A peer of the tests: a socket that speaks through stream encryption and listens with a Listener.
import type { Socket } from 'node:net'
import {
  FrameReader,
  type Handshake,
  HandshakeReader,
  type MseInitiator,
  type MseReceiver,
  type MseSession,
} from '../../src/core/wire/index.ts'
import { type Heard, type HeardOf, Listener, speak } from './wire-messages.ts'

export class WireSocket {
  readonly #socket: Socket
  readonly #handshake = new HandshakeReader()
  readonly #listener = new Listener()
  readonly #frames = new FrameReader(this.#listener)
  readonly #side: MseInitiator | MseReceiver
  session: MseSession | undefined
  #failure: unknown
  /** Those who wait for something to come. */
  #waiting: (() => void)[] = []

  constructor(socket: Socket, side: MseInitiator | MseReceiver) {
    this.#socket = socket
    this.#side = side
    socket.on('data', data => {
      try {
        this.#take(new Uint8Array(data))
      } catch (error) {
        this.#failure = error
      }
      this.#wakeAll()
    })
    socket.on('error', error => {
      this.#failure = error
      this.#wakeAll()
    })
    socket.on('close', () => {
      this.#failure ??= new Error('the other side closed')
      this.#wakeAll()
    })
  }

  get handshake(): Handshake | undefined {
    return this.#handshake.handshake
  }

  /** Sends bytes, enciphered if that was agreed. */
  send(bytes: Uint8Array): void {
    const enciphered = new Uint8Array(bytes)
    this.session?.outgoing?.apply(enciphered, enciphered)
    this.#socket.write(enciphered)
  }

  say(...messages: readonly Heard[]): void {
    this.send(speak(...messages))
  }

  /** Resolves with what `find` finds as soon as it does; it is asked again whenever something came. */
  async until<Found>(find: (heard: readonly Heard[]) => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find(this.#listener.heard)
      if (found !== undefined) return found
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>(resolve => {
        this.#waiting.push(resolve)
      })
    }
  }

  /** The first message of a kind that satisfies `isWanted`. */
  hear<Kind extends Heard['kind']>(
    kind: Kind,
    isWanted: (message: HeardOf<Kind>) => boolean = () => true,
  ): Promise<HeardOf<Kind>> {
    return this.until(heard => {
      const found = heard.find(some => some.kind === kind && isWanted(some as HeardOf<Kind>))
      return found as HeardOf<Kind> | undefined
    })
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #take(bytes: Uint8Array): void {
    let clear = bytes
    if (this.session === undefined) {
      const step = this.#side.feed(bytes)
      if (step.send !== undefined) this.#socket.write(step.send)
      if (step.session === undefined) return
      this.session = step.session
      clear = step.session.received
    } else this.session.incoming?.apply(clear, clear)
    const from = this.handshake === undefined ? this.#handshake.feed(clear) : 0
    this.#frames.feed(clear, from)
  }
}
