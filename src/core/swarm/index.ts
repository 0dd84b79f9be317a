// Floor 2: one torrent's swarm as a machine: its peers, its pieces, its viewers.
export type { SwarmContext } from './context.ts'
export { Outbox } from './outbox.ts'
export { Swarm } from './swarm.ts'
export { TokenBucket } from './token-bucket.ts'
export type {
  Discretion,
  FileStatus,
  PeerNotice,
  PeerSource,
  PeerStatus,
  PiecesStatus,
  Sharing,
  SwarmCommand,
  SwarmEffect,
  SwarmInput,
  SwarmNotice,
  SwarmOptions,
  SwarmProblem,
  SwarmSource,
  SwarmState,
  SwarmStatus,
  ViewerStatus,
} from './words.ts'
