// What a peer's connection sees of its swarm. Types only: they keep `peer.ts` and `swarm.ts` from
// importing one another.
import type { HashRange, MseTools } from '../wire/index.ts'
import type { Download } from './download.ts'
import type { Peer } from './peer.ts'
import type { Upload } from './upload.ts'

/** Who we are towards the peers of one torrent. */
export interface SwarmIdentity {
  /** 20 bytes: what handshakes name. */
  readonly infohash: Uint8Array
  /** 32 bytes; `undefined` where the torrent is v1, or not known to be more. */
  readonly infohash2: Uint8Array | undefined
  /** 20 random bytes, for this torrent and session only. */
  readonly peerId: Uint8Array
}

export interface PeerParts {
  readonly identity: SwarmIdentity
  readonly mseTools: MseTools
  /** `undefined` until the metadata is known. */
  readonly download: Download | undefined
  /** `undefined` for a freerider. */
  readonly upload: Upload | undefined
  /** The handshake is done: say what has to be said first. */
  greeted(peer: Peer): void
  extended(peer: Peer, extensionId: number, payload: Uint8Array): void
  hashesWanted(peer: Peer, range: HashRange): void
  /** Something was written for `peer`: flush it at the end of the step. */
  touched(peer: Peer): void
  /** Sends bytes that are no message and under no cipher: the agreement on one. */
  sendRaw(peer: Peer, bytes: Uint8Array): void
  drop(peer: Peer, reason: string): void
}
