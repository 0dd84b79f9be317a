// Torrents whose every byte comes from a seed: what the simulated seeders have and the client must get.
import { concatBytes } from '../src/core/bytes/index.ts'
import { encodeBencode } from '../src/core/wire/index.ts'
import type { SeededLuck } from './random.ts'
import { digests } from './world.ts'

/** The whole of a v1 torrent: its bytes, its info dictionary, its name. */
export interface SourceTorrent {
  readonly bytes: Uint8Array
  readonly pieceSize: number
  readonly pieceCount: number
  readonly info: Uint8Array
  /** 20 bytes. */
  readonly infohash: Uint8Array
  readonly files: readonly {
    readonly name: string
    readonly offset: number
    readonly size: number
  }[]
}

/** Makes a torrent of files with these sizes, one file outside of any folder where there is only one. */
export function makeTorrent(
  luck: SeededLuck,
  options: { readonly fileSizes: readonly number[]; readonly pieceSize: number },
): SourceTorrent {
  const { fileSizes, pieceSize } = options
  const bytes = luck.bytes(fileSizes.reduce((sum, size) => sum + size, 0))
  const pieceCount = Math.ceil(bytes.length / pieceSize)
  const pieces = concatBytes(
    ...Array.from({ length: pieceCount }, (_, piece) =>
      digests.sha1(bytes.subarray(piece * pieceSize, (piece + 1) * pieceSize)),
    ),
  )
  let offset = 0
  const files = fileSizes.map((size, index) => {
    const file = { name: `film-${index}.bin`, offset, size }
    offset += size
    return file
  })
  const only = files.length === 1 ? files[0] : undefined
  const info = encodeBencode({
    ...(only === undefined
      ? { files: files.map(({ name, size }) => ({ length: size, path: [name] })), name: 'films' }
      : { length: only.size, name: only.name }),
    'piece length': pieceSize,
    pieces,
  })
  return { bytes, pieceSize, pieceCount, info, infohash: digests.sha1(info), files }
}
