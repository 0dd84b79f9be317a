// What the tests of the bootstrap server share: addresses and nodes by number, ids that BEP 42 allows, and a server
// whose luck is seeded.
import { nodeIdFor } from '../../src/core/dht/index.ts'
import {
  BOOTSTRAP_DEFAULTS,
  type BootstrapOptions,
} from '../../src/core/services/bootstrap/options.ts'
import type { VerifiedNode } from '../../src/core/services/bootstrap/ring.ts'
import { BootstrapServer } from '../../src/core/services/bootstrap/server.ts'
import { encodeKrpc, type KrpcMessage } from '../../src/core/wire/index.ts'
import type { Luck } from '../../src/core/world/index.ts'

/** A small seeded generator (xorshift32). */
export function seededLuck(seed: number): Luck {
  let state = seed * 2654435761 || 1
  const word = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  return {
    bytes: count => Uint8Array.from({ length: count }, () => word() >>> 13),
    below: limit => Math.floor((word() / 2 ** 32) * limit),
  }
}

/** A public address of its own /24 for each number up to 2^19. */
export const ip4 = (number: number, host = 1): Uint8Array =>
  Uint8Array.of(20 + (number >> 16), number >> 8, number, host)

/** A public address of its own /48 for each number up to 2^16. */
export const ip6 = (number: number, host = 1): Uint8Array =>
  Uint8Array.of(0x20, 1, 5, 0, number >> 8, number, 0, host, 0, 0, 0, 0, 0, 0, 0, 1)

export function nodeAt(ip: Uint8Array, port = 6881, idByte = 7): VerifiedNode {
  return {
    ip,
    ipAt: 0,
    ipSize: ip.length as 4 | 16,
    port,
    idBytes: new Uint8Array(20).fill(idByte),
    idAt: 0,
    socket: 0,
  }
}

/** Somebody who speaks with the server: his address and an id that it entitles him to. */
export interface Speaker {
  readonly ip: Uint8Array
  readonly port: number
  readonly id: Uint8Array
}

export const speakerAt = (ip: Uint8Array, port = 6881): Speaker => ({
  ip,
  port,
  id: nodeIdFor(ip, 5, seededLuck(port)),
})

export function testServer(options: Partial<BootstrapOptions> = {}): BootstrapServer {
  const all = {
    ...BOOTSTRAP_DEFAULTS,
    ids: [new Uint8Array(20).fill(0x53)],
    families: [4] as const,
  }
  return new BootstrapServer({ ...all, ...options }, seededLuck(11), 0)
}

/** What the server sends when `bytes` come from `from`. */
export function tell(
  server: BootstrapServer,
  nowMs: number,
  from: { readonly ip: Uint8Array; readonly port: number },
  bytes: Uint8Array,
) {
  server.step(nowMs, { kind: 'udp-data', from, bytes })
  return server.drain()
}

export const say = (message: KrpcMessage): Uint8Array => encodeKrpc(message)

export const findNode = (from: Speaker, more: Record<string, unknown> = {}): Uint8Array =>
  say({
    kind: 'query',
    method: 'find_node',
    transaction: Uint8Array.of(1, 2),
    id: from.id,
    target: new Uint8Array(20),
    isReadOnly: false,
    ...more,
  } as KrpcMessage)

/** Lets time pass until `untilMs`, and everybody in `alive` answers the pings that he gets. */
export function live(
  server: BootstrapServer,
  untilMs: number,
  alive: (ip: Uint8Array, port: number) => Speaker | undefined,
): number {
  let pings = 0
  while (server.wakeAtMs <= untilMs) {
    const nowMs = server.wakeAtMs
    server.step(nowMs, { kind: 'wake' })
    for (const { to, bytes } of server.drain()) {
      pings++
      const speaker = alive(to.ip, to.port)
      if (speaker !== undefined) tell(server, nowMs + 40, speaker, pongTo(bytes, speaker))
    }
  }
  return pings
}

const COOKIE_HEAD = new TextEncoder().encode('1:t8:')

/** The pong that answers a ping of the server. */
export function pongTo(ping: Uint8Array, speaker: Speaker): Uint8Array {
  const at = ping.findIndex((_, index) =>
    COOKIE_HEAD.every((byte, offset) => ping[index + offset] === byte),
  )
  const transaction = ping.slice(at + COOKIE_HEAD.length, at + COOKIE_HEAD.length + 8)
  return say({ kind: 'response', transaction, id: speaker.id })
}
