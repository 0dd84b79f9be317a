// UDP for the machines: one socket per address family, datagrams as bytes and addresses, no decisions.
import dgram from 'node:dgram'
import { type Address, formatIp, parseIp } from '../core/bytes/index.ts'

export interface UdpOptions {
  /** Families to open. The first must open; the second may fail where the system has none of it. */
  readonly families: readonly ('ipv4' | 'ipv6')[]
  /** Local addresses to bind, by family; default every interface. */
  readonly bind?: { readonly ipv4?: string; readonly ipv6?: string }
  /** 0 (the default) lets the system choose; the second family tries the port of the first. */
  readonly port?: number
  /** Hears every datagram. `bytes` are lent until it returns. */
  readonly onData: (from: Address, bytes: Uint8Array) => void
}

/** Open UDP sockets. `close` may be called twice. */
export interface Udp {
  /** Sends, and forgets: what the system refuses is lost, as any datagram may be. */
  send(to: Address, bytes: Uint8Array): void
  /** The bound port by family; absent where there is no socket. */
  readonly ports: { readonly ipv4?: number; readonly ipv6?: number }
  close(): Promise<void>
}

/** Sockets ask for this much room, so that a burst of answers is not lost while we decode. */
const RECEIVE_BUFFER_BYTES = 1 << 20

/** @throws the system's error where the first family's socket cannot be bound. */
export async function openUdp(options: UdpOptions): Promise<Udp> {
  const sockets: { ipv4?: dgram.Socket; ipv6?: dgram.Socket } = {}
  const ports: { ipv4?: number; ipv6?: number } = {}
  for (const [index, family] of options.families.entries()) {
    const port = index === 0 ? (options.port ?? 0) : (Object.values(ports)[0] as number)
    const socket = await bindSocket(family, port, options).catch(async error => {
      if (index === 0) throw error
      return undefined
    })
    if (socket === undefined) continue
    sockets[family] = socket
    ports[family] = socket.address().port
  }
  const open = Object.values(sockets)
  return {
    ports,
    send(to, bytes) {
      const socket = to.ip.length === 4 ? sockets.ipv4 : sockets.ipv6
      socket?.send(bytes, 0, bytes.length, to.port, formatIp(to.ip))
    },
    async close() {
      await Promise.all(open.splice(0).map(closeSocket))
      sockets.ipv4 = undefined as never
      sockets.ipv6 = undefined as never
    },
  }
}

function bindSocket(
  family: 'ipv4' | 'ipv6',
  port: number,
  options: UdpOptions,
): Promise<dgram.Socket> {
  const socket = dgram.createSocket({
    type: family === 'ipv4' ? 'udp4' : 'udp6',
    ipv6Only: family === 'ipv6',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    // Destinations are addresses already; the default would put each of them through the resolver.
    lookup: (host, _options, answer) => answer(null, host, family === 'ipv4' ? 4 : 6),
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ port, address: options.bind?.[family], exclusive: true }, () => {
      socket.off('error', reject)
      // A refused datagram (no route, port unreachable) is a lost one.
      socket.on('error', () => {})
      socket.on('message', (bytes, remote) => {
        const ip = parseIp(remote.address)
        if (ip === undefined || remote.port === 0) return
        // As plain bytes: `slice` of a Buffer would not copy.
        const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
        options.onData({ ip, port: remote.port }, plain)
      })
      resolve(socket)
    })
  })
}

function closeSocket(socket: dgram.Socket): Promise<void> {
  return new Promise(resolve => socket.close(() => resolve()))
}
