// The torrents that libtorrent made (test/vectors/torrents/make.py), and their content, made again.
import { join } from 'node:path'
import { readBytes, readVectors, VECTORS } from './wire.ts'

export interface DescribedFile {
  readonly path: string
  readonly size: number
  readonly offset: number
  readonly isPadding: boolean
  readonly isExecutable: boolean
  /** Hexadecimal; empty or zeros where there is none. */
  readonly root: string
}

/** What libtorrent itself reads in a torrent. */
export interface DescribedTorrent {
  readonly name: string
  readonly pieceSize: number
  readonly pieceCount: number
  readonly infohash1: string | null
  readonly infohash2: string | null
  /** With padding that libtorrent invents for v2. */
  readonly files: readonly DescribedFile[]
  readonly content: readonly { readonly path: string; readonly size: number }[]
}

export const described = readVectors<Record<string, DescribedTorrent>>('torrents/torrents.json')

export const torrentBytes = (name: string): Uint8Array =>
  readBytes(join(VECTORS, 'torrents', `${name}.torrent`))

/** The content of the file at `path` (without the torrent's name) of torrent `name`. */
export function contentOf(name: string, path: string): Uint8Array {
  const files = described[name]?.content ?? []
  const number = files.findIndex(file => file.path === path)
  const content = new Uint8Array(files[number]?.size ?? 0)
  for (let at = 0; at < content.length; at++) content[at] = at * 7 + (at >> 8) * 3 + number * 13
  return content
}
