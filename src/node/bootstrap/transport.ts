// How datagrams reach the machine and leave it. Two ways, one machine: in batches by system calls of our
// own (`batched-udp.ts`), or one by one through node:dgram (`plain-udp.ts`).
import type { Address } from '../../core/bytes/index.ts'
import type { BootstrapServer } from '../../core/services/bootstrap/index.ts'

export interface TransportOptions {
  /** Where to listen; port 0 for a free one. 1 to 64. */
  readonly listen: readonly Address[]
  /** Lets other processes listen on the same ports; datagrams are shared out among them by source. */
  readonly isShared: boolean
}

export interface Transport {
  readonly kind: 'batched' | 'plain'
  /** Where it listens; the index in it is the number of the socket. */
  readonly bound: readonly Address[]
  /** Datagrams that the system would not take. */
  readonly unsent: number
  /** Hands datagrams to `server` and sends what it says, from now until `close`. */
  serve(server: BootstrapServer): void
  /** Answers what has arrived, then closes the sockets. */
  close(): Promise<void>
}

/** Asked for of the system: room for 10,000 datagrams of a burst. It gives as much as it allows. */
export const SOCKET_BUFFER_BYTES = 8 << 20
/** A longer datagram is cut, and so malformed: no query is as long. */
export const DATAGRAM_LIMIT_BYTES = 2048
