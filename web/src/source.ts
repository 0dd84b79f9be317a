// What people paste or drop, recognised before it is sent, so that a slip is answered at once.

/** A .torrent of 10,000 files is about 2 MB; the server's own limit decides above this one. */
export const TORRENT_FILE_LIMIT_BYTES = 32 * 1024 * 1024

const HEX_INFOHASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i
const BASE32_INFOHASH = /^[a-z2-7]{32}$/i
const MULTIHASH = /^1220[0-9a-f]{64}$/i

/** Whether the server is likely to take it: a magnet link or an infohash in one of its spellings. */
export function isSource(text: string): boolean {
  const trimmed = text.trim()
  if (/^magnet:\?/i.test(trimmed)) return /[?&]xt(?:\.\d+)?=urn:bt[im]h:/i.test(trimmed)
  return HEX_INFOHASH.test(trimmed) || BASE32_INFOHASH.test(trimmed) || MULTIHASH.test(trimmed)
}

/** A .torrent file as the `source` of an `AddRequest`. */
export async function torrentFileSource(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  return `data:application/x-bittorrent;base64,${toBase64(bytes)}`
}

/** Base64 in slices, because `fromCharCode` takes its bytes as arguments, and those are limited. */
export function toBase64(bytes: Uint8Array): string {
  const sliceBytes = 0x8000
  let binary = ''
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    binary += String.fromCharCode(...bytes.subarray(at, at + sliceBytes))
  }
  return btoa(binary)
}
