// What an operator may choose about the machine, and what it does where he chooses nothing.
import { PROBATION_MS } from './schedule.ts'
import type { VisitorOptions } from './visitors.ts'

export interface BootstrapOptions {
  /** Our node id at each socket, 20 bytes, 1 to 64 of them. */
  readonly ids: readonly Uint8Array[]
  /** The family of each socket. */
  readonly families: readonly (4 | 16)[]
  /** Takes sources on loopback and in private networks too; their ids are checked like any other's. */
  readonly isPrivateAllowed: boolean
  /** Nodes in an answer, 1 to 32. */
  readonly answerSize: number
  /** From a visit to the ping that decides about the visitor. */
  readonly probationMs: number
  /** Nodes that are kept of each family. */
  readonly nodesMax: number
  /** Nodes that are kept of one /24 (IPv4) or /48 (IPv6). */
  readonly perNetworkMax: number
  /** Visitors of each family who may wait for their ping. */
  readonly waitingMax: number
  readonly pingsPerSecondMax: number
  readonly visitors: VisitorOptions
}

/** What may change while the server runs. */
export type BootstrapChanges = Partial<
  Pick<
    BootstrapOptions,
    'isPrivateAllowed' | 'probationMs' | 'nodesMax' | 'perNetworkMax' | 'visitors'
  >
>

/** All that need not be chosen. */
export const BOOTSTRAP_DEFAULTS = {
  isPrivateAllowed: false,
  /** As many as fit a datagram of 512 bytes, the least that every path carries whole. */
  answerSize: 16,
  probationMs: PROBATION_MS,
  nodesMax: 10_000_000,
  perNetworkMax: 8,
  waitingMax: 500_000,
  pingsPerSecondMax: 25_000,
  visitors: { ratePerSecond: 10, burst: 50, slots: 2 ** 19 },
} as const satisfies Omit<BootstrapOptions, 'ids' | 'families'>

export const ANSWER_SIZE_MAX = 32
