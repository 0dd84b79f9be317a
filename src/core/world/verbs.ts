// The ten verbs by which a machine acts on the world, and the inputs by which the world answers.
// Node performs them with sockets and files, the simulator with a heap and a seed.
import type { Address } from '../bytes/index.ts'

/**
 * One TCP connection. Dialled ones are numbered 1, 3, 5 … by the machine that dials; accepted ones
 * 2, 4, 6 … by the driver. A number is never used twice in a run.
 */
export type ConnectionId = number & { readonly brand?: 'connection' }

/** Numbers a request of a machine to the disk, the hasher or the resolver; its answer carries it. */
export type RequestId = number & { readonly brand?: 'request' }

export interface UdpSend {
  readonly kind: 'udp-send'
  readonly to: Address
  readonly bytes: Uint8Array
}

export interface TcpDial {
  readonly kind: 'tcp-dial'
  readonly connection: ConnectionId
  readonly to: Address
  /** The driver answers `tcp-closed` with reason `timeout` when nothing came of it by then. */
  readonly timeoutMs: number
}

/** `bytes` belong to the driver from here on. */
export interface TcpSend {
  readonly kind: 'tcp-send'
  readonly connection: ConnectionId
  readonly bytes: Uint8Array
}

/** Answered by nothing: after it, no input names the connection again. */
export interface TcpClose {
  readonly kind: 'tcp-close'
  readonly connection: ConnectionId
}

export interface Resolve {
  readonly kind: 'resolve'
  readonly request: RequestId
  readonly host: string
}

/**
 * Reads `size` bytes of a file. `path` is relative to the store directory, `/` between its parts, each
 * part already safe on every platform (room `storage`).
 */
export interface DiskRead {
  readonly kind: 'disk-read'
  readonly request: RequestId
  readonly path: string
  readonly position: number
  readonly size: number
}

/**
 * Writes `bytes` into a file, made with its folders where it is missing, longer where that is needed.
 * `bytes` stay the machine's, unchanged, until `disk-written` answers. Empty `bytes` set the file's size
 * to `position` (shorter or longer); `null` deletes it. `isDurable`: answered only after an fsync.
 */
export interface DiskWrite {
  readonly kind: 'disk-write'
  readonly request: RequestId
  readonly path: string
  readonly position: number
  readonly bytes: Uint8Array | null
  readonly isDurable: boolean
}

/** Hashes `bytes`, which stay the machine's, unchanged, until `hashed` answers. */
export interface Hash {
  readonly kind: 'hash'
  readonly request: RequestId
  readonly algorithm: 'sha1' | 'sha256'
  readonly bytes: Uint8Array
}

/** Keeps `bytes` under `name` in the state directory, atomically; `null` forgets them. */
export interface Save {
  readonly kind: 'save'
  /** `[a-z0-9.-]` and `/`, e.g. `resume/<infohash>`. */
  readonly name: string
  readonly bytes: Uint8Array | null
}

/** Something that the floors above want to know. */
export interface Notify<Notice> {
  readonly kind: 'notify'
  readonly notice: Notice
}

export type WorldEffect =
  | UdpSend
  | TcpDial
  | TcpSend
  | TcpClose
  | Resolve
  | DiskRead
  | DiskWrite
  | Hash
  | Save

export type DialFailure = 'refused' | 'timeout' | 'unreachable' | 'no-path'

export type DiskFailure = 'full' | 'missing' | 'denied' | 'lost'

export type WorldInput =
  | { readonly kind: 'wake' }
  | { readonly kind: 'udp-data'; readonly from: Address; readonly bytes: Uint8Array }
  | { readonly kind: 'tcp-open'; readonly connection: ConnectionId }
  | { readonly kind: 'tcp-accepted'; readonly connection: ConnectionId; readonly from: Address }
  | { readonly kind: 'tcp-data'; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  /** All that was sent has left: a machine that stopped sending for a full socket may go on. */
  | { readonly kind: 'tcp-drained'; readonly connection: ConnectionId }
  | {
      readonly kind: 'tcp-closed'
      readonly connection: ConnectionId
      readonly reason: 'ended' | 'reset' | DialFailure
    }
  | {
      readonly kind: 'resolved'
      readonly request: RequestId
      readonly addresses: readonly Uint8Array[]
    }
  /** `bytes` now belong to the machine; shorter than asked for where the file ends early. */
  | { readonly kind: 'disk-read-done'; readonly request: RequestId; readonly bytes: Uint8Array }
  | { readonly kind: 'disk-written'; readonly request: RequestId }
  | {
      readonly kind: 'disk-failed'
      readonly request: RequestId
      readonly reason: DiskFailure
      readonly message: string
    }
  | { readonly kind: 'hashed'; readonly request: RequestId; readonly digest: Uint8Array }
