// The system's error codes in the words of the world: what a machine has to know of them, and no more.
import type { DialFailure, DiskFailure } from '../core/world/index.ts'

const DISK_FAILURES: Readonly<Record<string, DiskFailure>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  // A file system with a limit on file sizes (FAT32) has no room for this file.
  EFBIG: 'full',
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EISDIR: 'denied',
}

const DIAL_FAILURES: Readonly<Record<string, DialFailure | 'reset'>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  EADDRNOTAVAIL: 'no-path',
  EACCES: 'no-path',
  EPERM: 'no-path',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
}

/** Anything unknown means that the disk itself is in trouble (EIO, ENODEV, ESTALE, EMFILE …). */
export function diskFailureOf(error: NodeJS.ErrnoException): DiskFailure {
  return DISK_FAILURES[error.code ?? ''] ?? 'lost'
}

/** Anything unknown is a way that leads nowhere (EHOSTUNREACH, ENETUNREACH, EINVAL …). */
export function dialFailureOf(error: NodeJS.ErrnoException): DialFailure | 'reset' {
  return DIAL_FAILURES[error.code ?? ''] ?? 'unreachable'
}
