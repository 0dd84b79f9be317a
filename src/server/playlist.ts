// `/playlist/<infohash>.m3u8`: what a player opens to get every video and track of a torrent. @see RFC 8216, 4.1
import type { TorrentView } from '../api/index.ts'
import { withToken } from './guard.ts'

export const PLAYLIST_MIME = 'audio/x-mpegurl'

/**
 * The playable files, in the torrent's order.
 *
 * @param origin of this server as the asker reached it, without a slash at the end.
 * @returns empty when nothing can be played.
 */
export function playlistOf(view: TorrentView, origin: string, token?: string): string {
  const entries = view.files
    .filter(file => file.kind === 'video' || file.kind === 'audio')
    // -1: the length is not known before the file is opened.
    .map(file => `#EXTINF:-1,${oneLine(file.path)}\n${origin}${withToken(file.url, token)}\n`)
  return entries.length === 0 ? '' : `#EXTM3U\n${entries.join('')}`
}

/** A line break in a name would let a torrent write entries of its own. */
export const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ').trim()
