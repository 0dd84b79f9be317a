// What kind of media a file is, told by its name alone: the first bytes may not be there yet.
// One table for the server's `Content-Type`, the driver's `FileView` and the page's choice of player.
import type { MediaKind } from './views.ts'

export interface MediaType {
  readonly kind: MediaKind
  /**
   * MIME type as served. Never one that a browser runs: HTML, SVG, XML and scripts are text to us,
   * or a torrent could bring a page that speaks with our origin's rights.
   */
  readonly mime: string
}

const TABLE: { readonly [mime: string]: readonly [MediaKind, string] } = {
  'video/mp4': ['video', 'mp4 m4v'],
  'video/webm': ['video', 'webm'],
  'video/x-matroska': ['video', 'mkv mk3d'],
  'video/ogg': ['video', 'ogv ogm'],
  'video/quicktime': ['video', 'mov qt'],
  'video/x-msvideo': ['video', 'avi divx'],
  'video/x-ms-wmv': ['video', 'wmv asf'],
  'video/x-flv': ['video', 'flv f4v'],
  'video/mpeg': ['video', 'mpg mpeg mpe m2v vob'],
  'video/mp2t': ['video', 'ts m2ts mts'],
  'video/3gpp': ['video', '3gp 3g2'],
  'audio/mpeg': ['audio', 'mp3 mp2'],
  'audio/mp4': ['audio', 'm4a m4b'],
  'audio/aac': ['audio', 'aac'],
  'audio/flac': ['audio', 'flac'],
  'audio/ogg': ['audio', 'ogg oga opus spx'],
  'audio/wav': ['audio', 'wav'],
  'audio/webm': ['audio', 'weba'],
  'audio/x-matroska': ['audio', 'mka'],
  'audio/x-ms-wma': ['audio', 'wma'],
  'audio/x-aiff': ['audio', 'aif aiff'],
  'audio/ac3': ['audio', 'ac3 eac3'],
  'audio/vnd.dts': ['audio', 'dts'],
  'audio/x-ape': ['audio', 'ape'],
  'image/jpeg': ['image', 'jpg jpeg'],
  'image/png': ['image', 'png'],
  'image/gif': ['image', 'gif'],
  'image/webp': ['image', 'webp'],
  'image/avif': ['image', 'avif'],
  'image/bmp': ['image', 'bmp'],
  'text/vtt': ['subtitle', 'vtt'],
  'application/x-subrip': ['subtitle', 'srt'],
  'text/x-ssa': ['subtitle', 'ass ssa'],
  'application/octet-stream': ['subtitle', 'sub idx sup'],
  'text/plain': [
    'text',
    'txt nfo md log csv json sfv md5 sha1 sha256 cue m3u htm html xhtml svg xml js mjs css',
  ],
  'application/pdf': ['other', 'pdf'],
  'application/epub+zip': ['other', 'epub'],
  'application/zip': ['other', 'zip'],
}

const BY_EXTENSION: ReadonlyMap<string, MediaType> = new Map(
  Object.entries(TABLE).flatMap(([mime, [kind, extensions]]) =>
    extensions.split(' ').map(extension => [extension, { kind, mime }] as const),
  ),
)

const UNKNOWN: MediaType = { kind: 'other', mime: 'application/octet-stream' }

/** @param path a file's path or name in the torrent; only its last extension counts, in any case. */
export function mediaTypeOf(path: string): MediaType {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  if (dot < 0) return UNKNOWN
  return BY_EXTENSION.get(name.slice(dot + 1).toLowerCase()) ?? UNKNOWN
}
