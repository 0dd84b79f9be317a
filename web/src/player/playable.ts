// What to do with a file: play it here, show it, or hand it to a player outside. Pure.
import type { FileView } from '../../../src/api/index.ts'

export type Show = 'play' | 'image' | 'outside' | 'save'

/**
 * `canPlay` is the browser's `canPlayType`. Browsers deny Matroska and then play most of it, so that
 * one is tried; a player that fails says so by its error, and the page hands the file over then.
 */
export function showAs(file: FileView, canPlay: (mime: string) => string): Show {
  if (file.kind === 'image') return 'image'
  if (file.kind !== 'video' && file.kind !== 'audio') return 'save'
  if (/matroska|mkv|quicktime/i.test(file.mime)) return 'play'
  return canPlay(file.mime) === '' ? 'outside' : 'play'
}

export interface PlayerLink {
  readonly label: string
  readonly href: string
}

/**
 * Links that open a player outside, where a system has a scheme that its players listen to. The
 * playlist is the way everywhere else: systems know which program opens it.
 *
 * @param url absolute address of the stream.
 */
export function playerLinks(url: string, userAgent: string): PlayerLink[] {
  if (/Android/i.test(userAgent)) {
    const bare = url.replace(/^https?:\/\//, '')
    const scheme = url.startsWith('https:') ? 'https' : 'http'
    const href = `intent://${bare}#Intent;scheme=${scheme};type=video/*;end`
    return [{ label: 'Open in a player', href }]
  }
  if (/iPhone|iPad|iPod/i.test(userAgent)) {
    const href = `vlc-x-callback://x-callback-url/stream?url=${encodeURIComponent(url)}`
    return [{ label: 'Open in VLC', href }]
  }
  if (/Macintosh/i.test(userAgent)) {
    return [{ label: 'Open in IINA', href: `iina://weblink?url=${encodeURIComponent(url)}` }]
  }
  return []
}

/**
 * An address of this server as a player outside needs it: whole, and with the token that this page
 * was opened with, since a player has no cookie.
 */
export function outsideUrl(path: string, here: URL): string {
  const url = new URL(path, here.origin)
  const token = here.searchParams.get('token')
  if (token !== null) url.searchParams.set('token', token)
  return url.href
}
