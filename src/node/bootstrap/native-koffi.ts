// The system calls by way of koffi, an optional dependency with prebuilt binaries.
import koffi from 'koffi'
import type { Native } from './native.ts'

/** @throws Error where the C library has no such calls. */
export function koffiNative(): Native {
  const libc = openLibc()
  const socket = libc.func('int socket(int domain, int type, int protocol)')
  const bind = libc.func('int bind(int fd, const void *address, uint32_t size)')
  const getsockname = libc.func('int getsockname(int fd, void *address, void *size)')
  const setsockopt = libc.func(
    'int setsockopt(int fd, int level, int name, const void *value, uint32_t size)',
  )
  const close = libc.func('int close(int fd)')
  const recvmmsg = libc.func(
    'int recvmmsg(int fd, void *headers, uint32_t count, int flags, void *timeout)',
  )
  const sendmmsg = libc.func('int sendmmsg(int fd, void *headers, uint32_t count, int flags)')
  const poll = libc.func('int poll(void *set, uint64_t count, int timeoutMs)')
  return {
    addressOf: bytes => Number(koffi.address(bytes)),
    errno: () => koffi.errno(),
    socket,
    bind,
    getsockname,
    setsockopt,
    close,
    recvmmsg: (fd, headers, count, flags) => recvmmsg(fd, headers, count, flags, null),
    sendmmsg,
    poll,
    pollLater: (set, count, timeoutMs, done) => poll.async(set, count, timeoutMs, done),
  }
}

/** glibc, or musl where that is the C library. */
function openLibc(): ReturnType<typeof koffi.load> {
  try {
    return koffi.load('libc.so.6')
  } catch {
    return koffi.load(`libc.musl-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`)
  }
}
