// A v1 torrent of a folder of random files, for seeders that make none themselves.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { encodeBencode } from '../../../src/core/wire/index.ts'

export interface MadeTorrent {
  readonly torrent: string
  /** In hexadecimal. */
  readonly infohash: string
  /** The folder that holds the torrent's own folder. */
  readonly dataDirectory: string
  /** SHA-256 in hexadecimal by the path below the data directory. */
  readonly digests: ReadonlyMap<string, string>
}

export const sha256Of = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex')

/** Writes `sizes` by path into `directory/data/<name>` and the torrent of them beside it. */
export async function makeTorrent(
  directory: string,
  name: string,
  { pieceBytes, sizes }: { pieceBytes: number; sizes: Readonly<Record<string, number>> },
): Promise<MadeTorrent> {
  const dataDirectory = path.join(directory, 'data')
  const digests = new Map<string, string>()
  const contents: Uint8Array[] = []
  for (const [file, size] of Object.entries(sizes)) {
    const bytes = randomBytes(size)
    const target = path.join(dataDirectory, name, file)
    await mkdir(path.dirname(target), { recursive: true })
    await writeFile(target, bytes)
    digests.set(`${name}/${file}`, sha256Of(bytes))
    contents.push(bytes)
  }
  const whole = Buffer.concat(contents)
  const pieces: Buffer[] = []
  for (let at = 0; at < whole.length; at += pieceBytes) {
    pieces.push(
      createHash('sha1')
        .update(whole.subarray(at, at + pieceBytes))
        .digest(),
    )
  }
  const files = Object.entries(sizes).map(([file, length]) => ({ length, path: file.split('/') }))
  const info = { files, name, 'piece length': pieceBytes, pieces: Buffer.concat(pieces) }
  const torrent = path.join(directory, `${name}.torrent`)
  // Nobody listens there, but rtorrent loads no torrent without a tracker.
  await writeFile(torrent, encodeBencode({ announce: 'http://127.0.0.1:9/announce', info }))
  const infohash = createHash('sha1').update(encodeBencode(info)).digest('hex')
  return { torrent, infohash, dataDirectory, digests }
}
