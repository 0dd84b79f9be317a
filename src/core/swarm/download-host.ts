// What a download needs of the swarm that it belongs to. Types only.
import type { StoreNotice } from '../storage/index.ts'
import type { RequestId } from '../world/index.ts'
import type { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import type { SwarmEffect } from './words.ts'

export interface DownloadHost {
  readonly outbox: Outbox<SwarmEffect>
  newRequest(): RequestId
  peerOf(number: number): Peer | undefined
  peerAt(slot: number): Peer | undefined
  /** The peer sent wrong bytes for sure. */
  ban(number: number, reason: string): void
  /** A piece is verified, for the first time or found on the disk. */
  verified(piece: number): void
  /** More of `piece` can be read than before. */
  readable(piece: number): void
  storeNotice(notice: StoreNotice): void
}
