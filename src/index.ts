// The published door `torrent-live`: a client on Node.
export type { FileView, PeerView, PiecesView, ProblemView, TorrentView } from './api/index.ts'
export {
  type AddOptions,
  type ClientOptions,
  defaultStateDirectory,
  openClient,
  type ReadRange,
  type ShareMode,
  type Torrent,
  type TorrentEvent,
  type TorrentLive,
} from './node/index.ts'
