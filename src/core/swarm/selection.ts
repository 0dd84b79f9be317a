// Which pieces the chosen files need.
import { BitField } from '../bytes/index.ts'
import type { Layout } from '../storage/index.ts'

/** @returns the pieces that hold a byte of one of `files`, or `undefined` for all pieces. */
export function wantedPieces(
  layout: Layout,
  files: readonly number[] | undefined,
): BitField | undefined {
  if (files === undefined) return undefined
  const pieces = new BitField(layout.pieceCount)
  for (const index of files) {
    const file = layout.files[index]
    if (file === undefined || file.isPadding) continue
    const end = file.offset + file.size
    for (let at = Math.floor(file.offset / layout.pieceBytes); at * layout.pieceBytes < end; at++) {
      pieces.add(at)
    }
  }
  return pieces
}
