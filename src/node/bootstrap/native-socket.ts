// A UDP socket made by system calls: its address, its buffers, and who else may share its port.
import { type Address, formatAddress } from '../../core/bytes/index.ts'
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  type Native,
  SO_RCVBUF,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCKADDR_ROOM,
  SOL_SOCKET,
} from './native.ts'
import { readSockaddr, writeSockaddr } from './sockaddr.ts'
import { SOCKET_BUFFER_BYTES } from './transport.ts'

export interface NativeSocket {
  readonly fd: number
  readonly ipSize: 4 | 16
  readonly bound: Address
}

/** @throws Error named after what the system refused. */
export function openSocket(native: Native, address: Address, isShared: boolean): NativeSocket {
  const ipSize = address.ip.length as 4 | 16
  const domain = ipSize === 4 ? AF_INET : AF_INET6
  const fd = native.socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) throw failure(native, 'open a socket')
  try {
    if (ipSize === 16) setNumber(native, fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)
    if (isShared) setNumber(native, fd, SOL_SOCKET, SO_REUSEPORT, 1)
    setNumber(native, fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER_BYTES)
    setNumber(native, fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER_BYTES)
    const name = new Uint8Array(SOCKADDR_ROOM)
    const size = writeSockaddr(name, 0, address)
    if (native.bind(fd, name, size) < 0) {
      throw failure(native, `listen on UDP ${formatAddress(address)}`)
    }
    const nameSize = new Uint8Array(Uint32Array.of(SOCKADDR_ROOM).buffer)
    if (native.getsockname(fd, name, nameSize) < 0) throw failure(native, 'learn its own address')
    return { fd, ipSize, bound: readSockaddr(name) }
  } catch (error) {
    native.close(fd)
    throw error
  }
}

function setNumber(native: Native, fd: number, level: number, name: number, value: number): void {
  const bytes = new Uint8Array(Int32Array.of(value).buffer)
  if (native.setsockopt(fd, level, name, bytes, 4) < 0) throw failure(native, 'set a socket option')
}

function failure(native: Native, act: string): Error {
  return new Error(`The system would not ${act} (errno ${native.errno()}).`)
}
