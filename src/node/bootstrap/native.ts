// The handful of system calls that plain Node does not offer: many datagrams in one call, several sockets on
// one port, and saying to which of them a datagram goes. Linux on 64-bit little-endian machines only: the
// layouts below are theirs.
import { endianness } from 'node:os'

/** What the batched driver needs of the C library. Counts and errors as there: -1, then `errno()`. */
export interface Native {
  /** Where the memory of `bytes` is. It stays there as long as `bytes` is held. */
  addressOf(bytes: Uint8Array): number
  errno(): number
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array, size: number): number
  getsockname(fd: number, address: Uint8Array, size: Uint8Array): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, size: number): number
  close(fd: number): number
  recvmmsg(fd: number, headers: Uint8Array, count: number, flags: number): number
  sendmmsg(fd: number, headers: Uint8Array, count: number, flags: number): number
  /** Blocks this thread for `timeoutMs` at most. */
  poll(set: Uint8Array, count: number, timeoutMs: number): number
  /** The same without blocking; `set` must be left alone until `done`, which may come early. */
  pollLater(set: Uint8Array, count: number, timeoutMs: number, done: () => void): void
}

export const AF_INET = 2
export const AF_INET6 = 10
export const SOCK_DGRAM = 2
export const SOCK_CLOEXEC = 0o2000000
export const SOL_SOCKET = 1
export const SO_REUSEPORT = 15
export const SO_RCVBUF = 8
export const SO_SNDBUF = 7
export const SO_ATTACH_REUSEPORT_CBPF = 51
export const IPPROTO_IPV6 = 41
export const IPV6_V6ONLY = 26
export const MSG_DONTWAIT = 0x40
export const POLLIN = 1
export const EAGAIN = 11
export const EINTR = 4

/** `struct mmsghdr`: a `msghdr`, then the size of the datagram. */
export const HEADER_SIZE = 64
export const HEADER = { name: 0, nameSize: 8, vectors: 16, vectorCount: 24, size: 56 } as const
/** `struct iovec`. */
export const VECTOR_SIZE = 16
/** Room for a `sockaddr_in` (16 bytes) or a `sockaddr_in6` (28). */
export const SOCKADDR_ROOM = 32
/** `struct pollfd`. */
export const POLLFD_SIZE = 8

/** The system calls, by koffi or else by `node:ffi`, or why they cannot be had here. */
export async function loadNative(): Promise<Native | string> {
  if (process.platform !== 'linux' || endianness() !== 'LE' || !IS_64_BIT.has(process.arch)) {
    return 'batched system calls are for 64-bit Linux'
  }
  try {
    const { koffiNative } = await import('./native-koffi.ts')
    return koffiNative()
  } catch (koffiError) {
    try {
      const { ffiNative } = await import('./native-ffi.ts')
      return await ffiNative()
    } catch {
      const reason = (koffiError as Error).message.split('\n')[0]
      return `this Node has no node:ffi and the optional package koffi cannot be loaded (${reason})`
    }
  }
}

const IS_64_BIT = new Set<string>(['x64', 'arm64', 'riscv64', 'loong64'])
