// TCP for the machines: connections by number, bytes in and out, no decisions. Received bytes are lent
// from one static buffer; what a machine sends in one step leaves in one write.
import net from 'node:net'
import { type Address, formatIp, parseIp } from '../core/bytes/index.ts'
import type { ConnectionId, WorldInput } from '../core/world/index.ts'
import { dialFailureOf } from './failures.ts'

/** One receive buffer for all sockets: a fourth of the cost of `data` events (docs/measures.md). */
export const RECEIVE_BUFFER_BYTES = 64 * 1024
/** A closed connection may take so long to hand over what was sent before. */
export const LINGER_LIMIT_MS = 2000
/** Connections that others opened and no machine has closed; further ones are refused by the system. */
export const ACCEPTED_MAX = 200

export interface TcpOptions {
  /** Local address of outgoing connections; absent: the system chooses. */
  readonly bind?: string
  readonly onInput: (input: WorldInput) => void
}

interface Connection {
  readonly number: ConnectionId
  readonly socket: net.Socket
  /** Waiting for the end of the step. */
  unsent: Uint8Array[]
  isOpen: boolean
  /** Why it ends, when the system has said so before the socket is closed. */
  reason: Extract<WorldInput, { kind: 'tcp-closed' }>['reason']
  timer: NodeJS.Timeout | undefined
}

export class Tcp {
  readonly #bind: string | undefined
  readonly #onInput: (input: WorldInput) => void
  readonly #connections = new Map<ConnectionId, Connection>()
  // No Buffer: `slice` of one would not copy, and machines copy with `slice` what they keep.
  readonly #receiveBuffer = new Uint8Array(RECEIVE_BUFFER_BYTES)
  #unsent: Connection[] = []
  #emptied: Connection[] = []
  #lingering = new Set<net.Socket>()
  #server: net.Server | undefined
  #acceptedCount = 0

  constructor(options: TcpOptions) {
    this.#bind = options.bind
    this.#onInput = options.onInput
  }

  /** Accepts connections; they are numbered 2, 4, 6 … @throws the system's error where it cannot bind. */
  async listen(port: number, host?: string): Promise<number> {
    const server = net.createServer({ noDelay: true }, socket => this.#accept(socket))
    server.maxConnections = ACCEPTED_MAX
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    // Accepting may fail for want of file descriptors: that connection is lost, the next may do.
    server.on('error', () => {})
    this.#server = server
    return (server.address() as net.AddressInfo).port
  }

  dial(number: ConnectionId, to: Address, timeoutMs: number): void {
    const socket = net.connect({
      host: formatIp(to.ip),
      port: to.port,
      noDelay: true,
      ...(this.#bind === undefined ? {} : { localAddress: this.#bind }),
      onread: {
        buffer: this.#receiveBuffer,
        callback: (size, buffer) => {
          this.#received(connection, buffer.subarray(0, size))
          return true
        },
      },
    })
    const connection = this.#add(number, socket)
    connection.timer = setTimeout(() => {
      connection.reason = 'timeout'
      socket.destroy()
    }, timeoutMs)
    socket.once('connect', () => {
      clearTimeout(connection.timer)
      connection.isOpen = true
      this.#onInput({ kind: 'tcp-open', connection: number })
    })
  }

  /** `bytes` are not to be changed any more. They leave with `flush`. */
  send(number: ConnectionId, bytes: Uint8Array): void {
    const connection = this.#connections.get(number)
    if (connection === undefined) return
    if (connection.unsent.length === 0) this.#unsent.push(connection)
    connection.unsent.push(bytes)
  }

  /** Writes what the step has sent. */
  flush(): void {
    if (this.#unsent.length === 0) return
    const unsent = this.#unsent
    this.#unsent = []
    for (const connection of unsent) this.#write(connection)
  }

  /** No input names the connection any more; what was sent before still leaves, for a while. */
  close(number: ConnectionId): void {
    const connection = this.#connections.get(number)
    if (connection === undefined) return
    const { socket } = connection
    this.#write(connection)
    this.#forget(connection)
    if (socket.writableLength === 0 || !connection.isOpen) {
      socket.destroy()
      return
    }
    this.#lingering.add(socket)
    const timer = setTimeout(() => socket.destroy(), LINGER_LIMIT_MS)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#lingering.delete(socket)
    })
    socket.end()
  }

  /** Closes everything at once. */
  async closeAll(): Promise<void> {
    for (const connection of [...this.#connections.values()]) {
      this.#forget(connection)
      connection.socket.destroy()
    }
    for (const socket of this.#lingering) socket.destroy()
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) await new Promise<void>(resolve => server.close(() => resolve()))
  }

  #accept(socket: net.Socket): void {
    const ip = parseIp(socket.remoteAddress ?? '')
    if (ip === undefined || socket.remotePort === undefined) {
      socket.destroy()
      return
    }
    this.#acceptedCount++
    const connection = this.#add(this.#acceptedCount * 2, socket)
    connection.isOpen = true
    // Node offers no static buffer for accepted sockets; what they receive are mostly requests.
    socket.on('data', (bytes: Buffer) =>
      this.#received(connection, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)),
    )
    const from = { ip, port: socket.remotePort }
    this.#onInput({ kind: 'tcp-accepted', connection: connection.number, from })
  }

  #add(number: ConnectionId, socket: net.Socket): Connection {
    const connection: Connection = {
      number,
      socket,
      unsent: [],
      isOpen: false,
      reason: 'ended',
      timer: undefined,
    }
    this.#connections.set(number, connection)
    socket.on('error', error => {
      if (connection.reason === 'ended') connection.reason = dialFailureOf(error)
    })
    socket.once('close', () => {
      clearTimeout(connection.timer)
      if (!this.#connections.has(number)) return
      this.#forget(connection)
      this.#onInput({ kind: 'tcp-closed', connection: number, reason: connection.reason })
    })
    return connection
  }

  #forget(connection: Connection): void {
    clearTimeout(connection.timer)
    this.#connections.delete(connection.number)
  }

  #received(connection: Connection, bytes: Uint8Array): void {
    // After `close` a socket may still hold bytes that were on their way.
    if (!this.#connections.has(connection.number)) return
    this.#onInput({ kind: 'tcp-data', connection: connection.number, bytes })
  }

  #write(connection: Connection): void {
    const { socket, unsent } = connection
    if (unsent.length === 0) return
    connection.unsent = []
    if (!socket.writable) return
    if (unsent.length > 1) socket.cork()
    const last = unsent.pop() as Uint8Array
    for (const bytes of unsent) socket.write(bytes)
    socket.write(last, () => {
      if (socket.writableLength === 0) this.#emptiedOne(connection)
    })
    if (unsent.length > 0) socket.uncork()
  }

  /** Told once a turn of the loop, or a fast receiver would keep the machine from everything else. */
  #emptiedOne(connection: Connection): void {
    if (this.#emptied.length === 0) setImmediate(() => this.#tellEmptied())
    this.#emptied.push(connection)
  }

  #tellEmptied(): void {
    const emptied = this.#emptied
    this.#emptied = []
    for (const { number, socket } of new Set(emptied)) {
      if (this.#connections.has(number) && socket.writableLength === 0) {
        this.#onInput({ kind: 'tcp-drained', connection: number })
      }
    }
  }
}
