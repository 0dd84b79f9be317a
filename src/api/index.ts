// Floor 4: the words between the server and whoever asks it. Pure; all that `web/` imports.
export { type MediaType, mediaTypeOf } from './media.ts'
export {
  type AddRequest,
  paths,
  type RemoveRequest,
  type SelectRequest,
  type ServerEvent,
} from './routes.ts'
export { type SubtitleTrack, subtitleTracks } from './subtitles.ts'
export type {
  FileView,
  MediaKind,
  PeerState,
  PeerView,
  PiecesView,
  ProblemDetails,
  ProblemView,
  TorrentState,
  TorrentView,
  ViewerView,
} from './views.ts'
