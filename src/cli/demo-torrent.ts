// The demo's torrent, made from the clip beside the program when the demo starts: v1, small pieces, no tracker.
import { createHash } from 'node:crypto'
import { encodeBencode } from '../core/wire/index.ts'

export interface DemoFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface DemoTorrent {
  readonly metainfo: Uint8Array
  /** 40 hexadecimal digits. */
  readonly infohash: string
  readonly magnet: string
}

/** Small, so that the piece map has something to show: the clip has about two hundred. */
const PIECE_SIZE_BYTES = 16 * 1024

export function makeDemoTorrent(name: string, files: readonly DemoFile[]): DemoTorrent {
  const content = Buffer.concat(files.map(file => file.bytes))
  const hashes: Buffer[] = []
  for (let at = 0; at < content.length; at += PIECE_SIZE_BYTES)
    hashes.push(sha1(content.subarray(at, at + PIECE_SIZE_BYTES)))
  const info = {
    files: files.map(file => ({ length: file.bytes.length, path: [file.name] })),
    name,
    'piece length': PIECE_SIZE_BYTES,
    pieces: Buffer.concat(hashes),
  }
  const infohash = sha1(encodeBencode(info)).toString('hex')
  return {
    metainfo: encodeBencode({ info }),
    infohash,
    magnet: `magnet:?xt=urn:btih:${infohash}&dn=${encodeURIComponent(name)}`,
  }
}

const sha1 = (bytes: Uint8Array): Buffer => createHash('sha1').update(bytes).digest()
