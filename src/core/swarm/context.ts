// What a swarm is given by whoever holds it. Types only.
import type { ConnectionId, Digests, Luck, RequestId } from '../world/index.ts'
import type { TokenBucket } from './token-bucket.ts'
import type { Discretion, SwarmOptions, SwarmSource } from './words.ts'

export interface SwarmContext {
  readonly source: SwarmSource
  readonly options: SwarmOptions
  readonly luck: Luck
  readonly digests: Digests
  readonly discretion: Discretion
  /** Shared by all swarms of a client, as the line is. */
  readonly downLimit: TokenBucket
  readonly upLimit: TokenBucket
  newConnection(): ConnectionId
  newRequest(): RequestId
  isBlocked(ip: Uint8Array): boolean
}
