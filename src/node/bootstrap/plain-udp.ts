// The way that works everywhere: node:dgram, a datagram at a time. What it costs beyond the system calls is
// kept low by an address lookup that answers at once and by sending without a callback.
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import { type Address, assert, formatIp, parseAddress, parseIp } from '../../core/bytes/index.ts'
import {
  type AnswerSlot,
  type BootstrapServer,
  type Datagram,
  newAnswerSlot,
} from '../../core/services/bootstrap/index.ts'
import { SOCKET_BUFFER_BYTES, type Transport, type TransportOptions } from './transport.ts'

/** Answers wait in the system call's queue by reference, so each of so many in a row has its own slot. */
const SLOTS = 256
const TIMER_LIMIT_MS = 2 ** 30

/** @throws Error where the system refuses an address, or ports cannot be shared by this Node. */
export async function openPlainUdp(options: TransportOptions): Promise<PlainUdp> {
  const sockets: Socket[] = []
  try {
    for (const address of options.listen) sockets.push(await openSocket(address, options.isShared))
  } catch (error) {
    for (const socket of sockets) socket.close()
    throw error
  }
  return new PlainUdp(sockets)
}

async function openSocket(address: Address, isShared: boolean): Promise<Socket> {
  const isIp4 = address.ip.length === 4
  // Types of Node 20 do not know `reusePort`, which 22.12 and later have.
  const options: SocketOptions & { reusePort: boolean } = {
    type: isIp4 ? 'udp4' : 'udp6',
    ipv6Only: !isIp4,
    reusePort: isShared,
    recvBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
    lookup: (host, _options, callback) => callback(null, host, isIp4 ? 4 : 6),
  }
  const socket = createSocket(options)
  // The lookup answers at once, and so may the socket.
  const listening = once(socket, 'listening')
  socket.bind(address.port, formatIp(address.ip))
  await listening
  return socket
}

export class PlainUdp implements Transport {
  readonly kind = 'plain'
  readonly bound: readonly Address[]
  unsent = 0
  readonly #sockets: readonly Socket[]
  readonly #slots: readonly AnswerSlot[] = Array.from({ length: SLOTS }, newAnswerSlot)
  #nextSlot = 0
  #server: BootstrapServer | undefined
  #timer: NodeJS.Timeout | undefined
  #plannedMs = Number.POSITIVE_INFINITY

  constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets
    this.bound = sockets.map(boundAddress)
  }

  serve(server: BootstrapServer): void {
    this.#server = server
    for (const [number, socket] of this.#sockets.entries()) {
      const family = (this.bound[number] as Address).ip.length as 4 | 16
      socket.on('message', (bytes, from) => this.#take(socket, number, family, bytes, from))
      // The system reports what became of earlier datagrams, which for strangers' addresses means nothing.
      socket.on('error', () => {
        this.unsent++
      })
    }
    this.#plan()
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await Promise.all(
      this.#sockets.map(socket => {
        const closed = once(socket, 'close')
        socket.close()
        return closed
      }),
    )
  }

  #take(socket: Socket, number: number, ipSize: 4 | 16, bytes: Uint8Array, from: RemoteInfo): void {
    const server = this.#server as BootstrapServer
    const slot = this.#slots[this.#nextSlot] as AnswerSlot
    const ip = ipSize === 4 ? ip4Of(from.address) : parseIp(from.address)
    if (ip === undefined || ip.length !== ipSize) return
    const end = bytes.length
    const { port } = from
    const datagram: Datagram = { bytes, start: 0, end, ip, ipAt: 0, ipSize, port, socket: number }
    if (server.answer(performance.now(), datagram, slot)) {
      this.#nextSlot = (this.#nextSlot + 1) % SLOTS
      socket.send(slot.bytes, slot.start, slot.end - slot.start, port, from.address)
    }
    if (server.wakeAtMs !== this.#plannedMs) this.#plan()
  }

  #plan(): void {
    const server = this.#server as BootstrapServer
    this.#plannedMs = server.wakeAtMs
    clearTimeout(this.#timer)
    if (this.#plannedMs === Number.POSITIVE_INFINITY) return
    const waitMs = Math.max(0, Math.min(this.#plannedMs - performance.now(), TIMER_LIMIT_MS))
    this.#timer = setTimeout(() => this.#wake(), waitMs)
  }

  #wake(): void {
    const server = this.#server as BootstrapServer
    const nowMs = performance.now()
    if (server.wakeAtMs <= nowMs) {
      server.step(nowMs, { kind: 'wake' })
      for (const { to, bytes, socket } of server.drain()) {
        const target = this.#sockets[socket] as Socket
        target.send(bytes, to.port, formatIp(to.ip), error => {
          if (error !== null) this.unsent++
        })
      }
    }
    this.#plan()
  }
}

function boundAddress(socket: Socket): Address {
  const { address, port, family } = socket.address()
  const bound = parseAddress(family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`)
  assert(bound !== undefined, 'a bound socket has an address')
  return bound
}

const DOT = 0x2e
const scratch4 = new Uint8Array(4)

/** The bytes of a dotted address that the system wrote, lent until the next call: no checks, no parts. */
function ip4Of(text: string): Uint8Array {
  let byte = 0
  let index = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      scratch4[index++] = byte
      byte = 0
    } else byte = byte * 10 + code - 0x30
  }
  scratch4[index] = byte
  return scratch4
}
