// The system calls by way of `node:ffi`, which Node 26 has and the types of Node 20 do not know.
import type { Native } from './native.ts'

/** How long the process sleeps between two looks when nothing arrives: there is no call in the background. */
const LOOK_EVERY_MS = 4

type Type = 'int32' | 'uint32' | 'uint64' | 'pointer'
type NativeFunction = (...parameters: readonly (number | bigint | Uint8Array | null)[]) => number

/** What is used of `node:ffi`. @see https://nodejs.org/api/ffi.html */
interface Ffi {
  readonly DynamicLibrary: new (
    file: string,
  ) => {
    getFunction(name: string, signature: { arguments: Type[]; return: Type }): NativeFunction
  }
  getRawPointer(source: Uint8Array): bigint
  getInt32(pointer: bigint): number
}

/** @throws Error where this Node has no `node:ffi`, or may not use it. */
export async function ffiNative(): Promise<Native> {
  const name: string = 'node:ffi'
  const ffi = (await import(name)) as Ffi
  const libc = new ffi.DynamicLibrary('libc.so.6')
  const find = (symbol: string, ...parameters: Type[]) =>
    libc.getFunction(symbol, { arguments: parameters, return: 'int32' })
  const errnoLocation = libc.getFunction('__errno_location', { arguments: [], return: 'pointer' })
  const socket = find('socket', 'int32', 'int32', 'int32')
  const bind = find('bind', 'int32', 'pointer', 'uint32')
  const getsockname = find('getsockname', 'int32', 'pointer', 'pointer')
  const setsockopt = find('setsockopt', 'int32', 'int32', 'int32', 'pointer', 'uint32')
  const close = find('close', 'int32')
  const recvmmsg = find('recvmmsg', 'int32', 'pointer', 'uint32', 'int32', 'pointer')
  const sendmmsg = find('sendmmsg', 'int32', 'pointer', 'uint32', 'int32')
  const poll = find('poll', 'pointer', 'uint64', 'int32')
  return {
    addressOf: bytes => Number(ffi.getRawPointer(bytes)),
    errno: () => ffi.getInt32(errnoLocation() as unknown as bigint),
    socket,
    bind,
    getsockname,
    setsockopt,
    close,
    recvmmsg: (fd, headers, count, flags) => recvmmsg(fd, headers, count, flags, null),
    sendmmsg,
    poll: (set, count, timeoutMs) => poll(set, BigInt(count), timeoutMs),
    pollLater: (_set, _count, timeoutMs, done) => {
      setTimeout(done, Math.min(timeoutMs, LOOK_EVERY_MS))
    },
  }
}
