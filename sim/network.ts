// The network between simulated hosts: delay, loss, reordering, bandwidth, NAT and partitions, for the
// UDP and TCP verbs of `core/world`. It knows addresses and bytes, nothing of what they mean.
import { type Address, formatAddress, formatIp } from '../src/core/bytes/index.ts'
import type { ConnectionId, DialFailure, WorldInput } from '../src/core/world/index.ts'
import type { EventHeap } from './heap.ts'
import type { SeededLuck } from './random.ts'

/** How a host hangs on the network. */
export interface Link {
  /** One way to the middle of the network: two hosts are the sum of theirs apart. */
  readonly delayMs: number
  /** Added to each datagram's delay, 0 to this: more than the gap between datagrams reorders them. */
  readonly jitterMs: number
  /** Probability that a datagram is lost; a TCP segment is sent again one round trip later instead. */
  readonly loss: number
  /** Probability that a datagram arrives twice. */
  readonly duplicates: number
  readonly upBytesPerSecond: number
  readonly downBytesPerSecond: number
  /** Behind a NAT nobody gets in who was not written to first. */
  readonly isBehindNat: boolean
}

export const PLAIN_LINK: Link = {
  delayMs: 12.5,
  jitterMs: 0,
  loss: 0,
  duplicates: 0,
  upBytesPerSecond: 4e6,
  downBytesPerSecond: 4e6,
  isBehindNat: false,
}

/** Who takes what the network delivers. */
export interface Endpoint {
  /** False once the host is off: what was on its way is lost. */
  readonly isOn: boolean
  readonly isListening: boolean
  deliver(input: WorldInput): void
  /** A number for an accepted connection: 2, 4, 6 … */
  nextAccepted(): ConnectionId
}

interface Port {
  readonly address: Address
  readonly endpoint: Endpoint
  readonly link: Link
  readonly luck: SeededLuck
  upFreeMs: number
  downFreeMs: number
  /** Endpoints written to: the holes in this NAT. */
  readonly written: Set<string>
}

/** One side of a TCP connection. */
interface Socket {
  readonly port: Port
  readonly connection: ConnectionId
  other: Socket | undefined
  isOpen: boolean
  unsentBytes: number
  /** When the last byte that this side sent arrives: later bytes may not overtake it. */
  arrivesMs: number
}

/** The largest run of bytes delivered at once: what a driver's receive buffer holds. */
const SEGMENT_BYTES = 16_384
/** Bytes of IP and UDP or TCP headers that a datagram or segment costs on a link. */
const HEADER_BYTES = 40

export class Network {
  readonly #heap: EventHeap
  readonly #now: () => number
  readonly #ports = new Map<string, Port>()
  readonly #sockets = new Map<Port, Map<ConnectionId, Socket>>()
  #island: (ip: string) => number = () => 0

  constructor(heap: EventHeap, now: () => number) {
    this.#heap = heap
    this.#now = now
  }

  attach(address: Address, link: Link, luck: SeededLuck, endpoint: Endpoint): void {
    const port = {
      address,
      endpoint,
      link,
      luck,
      upFreeMs: 0,
      downFreeMs: 0,
      written: new Set<string>(),
    }
    this.#ports.set(formatAddress(address), port)
    this.#sockets.set(port, new Map())
  }

  /** Takes a host off: its connections are reset at the other end, one delay later. */
  detach(address: Address): void {
    const port = this.#ports.get(formatAddress(address))
    if (port === undefined) return
    for (const socket of this.#sockets.get(port)?.values() ?? []) this.#end(socket, 'reset')
    this.#ports.delete(formatAddress(address))
    this.#sockets.delete(port)
  }

  /** Hosts of different islands do not reach each other; `heal` joins them again. */
  partition(island: (ip: string) => number): void {
    this.#island = island
  }

  heal(): void {
    this.#island = () => 0
  }

  /** Lets a datagram of at most 64 KiB go; bytes are copied. */
  sendUdp(from: Address, to: Address, bytes: Uint8Array): void {
    const source = this.#ports.get(formatAddress(from))
    if (source === undefined) return
    source.written.add(formatAddress(to))
    const target = this.#ports.get(formatAddress(to))
    const leavesMs = this.#leave(source, bytes.length)
    if (target === undefined || !this.#reaches(source, target)) return
    const copies = 1 + (source.luck.chance(source.link.duplicates) ? 1 : 0)
    for (let copy = 0; copy < copies; copy++) {
      if (source.luck.chance(source.link.loss) || source.luck.chance(target.link.loss)) continue
      const jitterMs = source.luck.between(0, source.link.jitterMs + target.link.jitterMs)
      const own = bytes.slice()
      this.#arrive(source, target, leavesMs + jitterMs, own.length, () =>
        target.endpoint.deliver({ kind: 'udp-data', from, bytes: own }),
      )
    }
  }

  dial(from: Address, connection: ConnectionId, to: Address, timeoutMs: number): void {
    const source = this.#ports.get(formatAddress(from))
    if (source === undefined) return
    const socket: Socket = this.#socket(source, connection)
    const target = this.#ports.get(formatAddress(to))
    const failMs = (reason: DialFailure, afterMs: number) =>
      this.#heap.plan(this.#now() + afterMs, () => this.#fail(socket, reason))
    if (target === undefined || !this.#reaches(source, target) || target.link.isBehindNat) {
      failMs('timeout', timeoutMs)
      return
    }
    const delayMs = source.link.delayMs + target.link.delayMs
    if (delayMs * 2 > timeoutMs) failMs('timeout', timeoutMs)
    else if (!target.endpoint.isListening) failMs('refused', delayMs * 2)
    else this.#heap.plan(this.#now() + delayMs, () => this.#accept(socket, target, delayMs))
  }

  #accept(dialler: Socket, target: Port, delayMs: number): void {
    if (!target.endpoint.isOn || !dialler.isOpen) return
    const accepted = this.#socket(target, target.endpoint.nextAccepted())
    accepted.other = dialler
    dialler.other = accepted
    target.endpoint.deliver({
      kind: 'tcp-accepted',
      connection: accepted.connection,
      from: dialler.port.address,
    })
    dialler.arrivesMs = this.#now()
    accepted.arrivesMs = this.#now() + delayMs
    this.#heap.plan(this.#now() + delayMs, () => {
      if (dialler.isOpen && dialler.port.endpoint.isOn) {
        dialler.port.endpoint.deliver({ kind: 'tcp-open', connection: dialler.connection })
      }
    })
  }

  /** Sends `bytes`, which are the network's from here on. */
  sendTcp(from: Address, connection: ConnectionId, bytes: Uint8Array): void {
    const socket = this.#find(from, connection)
    if (socket === undefined || socket.other === undefined) return
    for (let begin = 0; begin < bytes.length; begin += SEGMENT_BYTES) {
      this.#sendSegment(socket, bytes.subarray(begin, begin + SEGMENT_BYTES))
    }
  }

  #sendSegment(socket: Socket, bytes: Uint8Array): void {
    const other = socket.other as Socket
    const { port } = socket
    socket.unsentBytes += bytes.length
    let leavesMs = this.#leave(port, bytes.length)
    const roundTripMs = 2 * (port.link.delayMs + other.port.link.delayMs)
    if (port.luck.chance(Math.max(port.link.loss, other.port.link.loss))) leavesMs += roundTripMs
    this.#heap.plan(leavesMs, () => this.#drained(socket, bytes.length))
    const earliestMs = Math.max(
      leavesMs,
      socket.arrivesMs - port.link.delayMs - other.port.link.delayMs,
    )
    socket.arrivesMs = this.#arrive(port, other.port, earliestMs, bytes.length, () => {
      if (!other.isOpen || !this.#reaches(port, other.port)) return
      other.port.endpoint.deliver({ kind: 'tcp-data', connection: other.connection, bytes })
    })
  }

  #drained(socket: Socket, size: number): void {
    socket.unsentBytes -= size
    if (socket.unsentBytes > 0 || !socket.isOpen || !socket.port.endpoint.isOn) return
    socket.port.endpoint.deliver({ kind: 'tcp-drained', connection: socket.connection })
  }

  /** Closes this side; the other hears of it after all that was sent has arrived. */
  close(from: Address, connection: ConnectionId): void {
    const socket = this.#find(from, connection)
    if (socket !== undefined) this.#end(socket, 'ended')
  }

  #end(socket: Socket, reason: 'ended' | 'reset'): void {
    socket.isOpen = false
    this.#sockets.get(socket.port)?.delete(socket.connection)
    const other = socket.other
    if (other === undefined) return
    const delayMs = socket.port.link.delayMs + other.port.link.delayMs
    const arrivesMs = Math.max(this.#now() + delayMs, socket.arrivesMs)
    this.#heap.plan(arrivesMs, () => this.#fail(other, reason))
  }

  #fail(socket: Socket, reason: 'ended' | 'reset' | DialFailure): void {
    if (!socket.isOpen) return
    socket.isOpen = false
    this.#sockets.get(socket.port)?.delete(socket.connection)
    if (!socket.port.endpoint.isOn) return
    socket.port.endpoint.deliver({ kind: 'tcp-closed', connection: socket.connection, reason })
  }

  #socket(port: Port, connection: ConnectionId): Socket {
    const socket = {
      port,
      connection,
      other: undefined,
      isOpen: true,
      unsentBytes: 0,
      arrivesMs: 0,
    }
    this.#sockets.get(port)?.set(connection, socket)
    return socket
  }

  #find(address: Address, connection: ConnectionId): Socket | undefined {
    const port = this.#ports.get(formatAddress(address))
    return port === undefined ? undefined : this.#sockets.get(port)?.get(connection)
  }

  #reaches(source: Port, target: Port): boolean {
    if (!target.endpoint.isOn || !source.endpoint.isOn) return false
    const isSameIsland =
      this.#island(formatIp(source.address.ip)) === this.#island(formatIp(target.address.ip))
    const isLetIn = !target.link.isBehindNat || target.written.has(formatAddress(source.address))
    return isSameIsland && (isLetIn || this.#isConnected(source, target))
  }

  #isConnected(source: Port, target: Port): boolean {
    for (const socket of this.#sockets.get(source)?.values() ?? []) {
      if (socket.other?.port === target) return true
    }
    return false
  }

  /** When the last bit of `size` bytes is out of the sender's line, which is busy until then. */
  #leave(port: Port, size: number): number {
    const durationMs = ((size + HEADER_BYTES) / port.link.upBytesPerSecond) * 1000
    port.upFreeMs = Math.max(this.#now(), port.upFreeMs) + durationMs
    return port.upFreeMs
  }

  /** Plans `run` for when `size` bytes that left at `leavesMs` are through the receiver's line. */
  #arrive(source: Port, target: Port, leavesMs: number, size: number, run: () => void): number {
    const durationMs = ((size + HEADER_BYTES) / target.link.downBytesPerSecond) * 1000
    const reachesMs = leavesMs + source.link.delayMs + target.link.delayMs
    target.downFreeMs = Math.max(reachesMs, target.downFreeMs + durationMs)
    const atMs = target.downFreeMs
    this.#heap.plan(atMs, () => {
      if (target.endpoint.isOn) run()
    })
    return atMs
  }
}
