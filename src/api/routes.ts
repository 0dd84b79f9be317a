// The HTTP interface: its paths, what they take and what they answer. The server and the page share it.
import type { PiecesView, TorrentView } from './views.ts'

/** Every path of the interface, in one place. `GET` unless said otherwise. */
export const paths = {
  /** All torrents: `TorrentView[]`. `POST` with `AddRequest` adds one and answers its `TorrentView`. */
  torrents: '/api/torrents',
  /** One torrent: `TorrentView`. `DELETE` with `RemoveRequest` forgets it. */
  torrent: (infohash: string) => `/api/torrents/${infohash}`,
  /** `PiecesView`. */
  pieces: (infohash: string) => `/api/torrents/${infohash}/pieces`,
  /** `POST` with `SelectRequest`: which files are wanted. */
  select: (infohash: string) => `/api/torrents/${infohash}/select`,
  /** Server-sent events: each `data` is a `ServerEvent`. */
  events: '/api/events',
  /** The bytes of a file, with ranges. */
  stream: (infohash: string, file: number, name: string) =>
    `/stream/${infohash}/${file}/${encodeURIComponent(name)}`,
  /** A subtitle file of the torrent as WebVTT; SubRip is converted. */
  subtitles: (infohash: string, file: number) => `/subtitles/${infohash}/${file}.vtt`,
  /** An M3U8 playlist of the playable files. */
  playlist: (infohash: string) => `/playlist/${infohash}.m3u8`,
} as const

export interface AddRequest {
  /** A magnet link, an infohash, or the Base64 of a .torrent file behind `data:application/x-bittorrent;base64,`. */
  readonly source: string
}

export interface RemoveRequest {
  readonly deleteFiles: boolean
}

export interface SelectRequest {
  readonly files: readonly number[]
}

/** Sent when something changes, at most once a second for each torrent and kind. */
export type ServerEvent =
  | { readonly type: 'torrent'; readonly torrent: TorrentView }
  | { readonly type: 'pieces'; readonly infohash: string; readonly pieces: PiecesView }
  | { readonly type: 'removed'; readonly infohash: string }
