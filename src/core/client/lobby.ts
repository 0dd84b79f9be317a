// Connections that came in and have not said yet which torrent they mean. Only their first 68 bytes are
// kept; who stays silent or names nothing of ours is shown the door.
import { type Address, toHex } from '../bytes/index.ts'
import { HandshakeReader, WireError } from '../wire/index.ts'
import type { ConnectionId, Millis } from '../world/index.ts'

/** Strangers in the lobby at once; the one beyond is closed at once. */
export const LOBBY_MAX = 64
/** A stranger has this long to say what it wants. */
export const LOBBY_LIMIT_MS = 10_000
/** More before the handshake is complete is not a handshake. */
const BYTES_MAX = 4096

interface Stranger {
  readonly from: Address
  readonly sinceMs: Millis
  readonly reader: HandshakeReader
  /** Everything that it sent, to be given to the swarm. */
  bytes: Uint8Array
}

export type LobbyAnswer =
  | { readonly kind: 'wait' }
  | { readonly kind: 'close' }
  | {
      readonly kind: 'admit'
      readonly infohash: string
      readonly from: Address
      readonly bytes: Uint8Array
    }

const WAIT: LobbyAnswer = { kind: 'wait' }
const CLOSE: LobbyAnswer = { kind: 'close' }

export class Lobby {
  readonly #strangers = new Map<ConnectionId, Stranger>()

  /** @returns false when there is no room. */
  enter(nowMs: Millis, connection: ConnectionId, from: Address): boolean {
    if (this.#strangers.size >= LOBBY_MAX) return false
    const reader = new HandshakeReader()
    this.#strangers.set(connection, { from, sinceMs: nowMs, reader, bytes: new Uint8Array(0) })
    return true
  }

  has(connection: ConnectionId): boolean {
    return this.#strangers.has(connection)
  }

  leave(connection: ConnectionId): void {
    this.#strangers.delete(connection)
  }

  /** Takes lent bytes of a stranger. After `admit` and `close` it is in the lobby no more. */
  receive(connection: ConnectionId, bytes: Uint8Array): LobbyAnswer {
    const stranger = this.#strangers.get(connection)
    if (stranger === undefined) return CLOSE
    const answer = feed(stranger, bytes)
    if (answer.kind !== 'wait') this.#strangers.delete(connection)
    return answer
  }

  /** @returns the connections whose time is over; they are out. */
  expire(nowMs: Millis): ConnectionId[] {
    const expired: ConnectionId[] = []
    for (const [connection, { sinceMs }] of this.#strangers) {
      if (nowMs - sinceMs >= LOBBY_LIMIT_MS) expired.push(connection)
    }
    for (const connection of expired) this.#strangers.delete(connection)
    return expired
  }

  get wakeAtMs(): Millis {
    // Strangers enter in order of time, so the first one is the next to leave.
    const first = this.#strangers.values().next().value
    return first === undefined ? Number.POSITIVE_INFINITY : first.sinceMs + LOBBY_LIMIT_MS
  }
}

function feed(stranger: Stranger, bytes: Uint8Array): LobbyAnswer {
  if (stranger.bytes.length + bytes.length > BYTES_MAX) return CLOSE
  const whole = new Uint8Array(stranger.bytes.length + bytes.length)
  whole.set(stranger.bytes)
  whole.set(bytes, stranger.bytes.length)
  stranger.bytes = whole
  try {
    stranger.reader.feed(bytes)
  } catch (error) {
    if (error instanceof WireError) return CLOSE
    throw error
  }
  const { handshake } = stranger.reader
  if (handshake === undefined) return WAIT
  return { kind: 'admit', infohash: toHex(handshake.infohash), from: stranger.from, bytes: whole }
}
