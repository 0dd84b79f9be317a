import { expect, test } from 'vitest'
import { digests } from '../../../sim/world.ts'
import {
  BLOCK_BYTES,
  layerRequests,
  rootOf,
  treeHeight,
  verifyHashes,
  widthFor,
} from '../wire/index.ts'
import { hashesFor } from './hash-answers.ts'

const PIECE_BYTES = 4 * BLOCK_BYTES
const BASE_LAYER = 2
const { sha256 } = digests

const layerOf = (pieces: number) =>
  Uint8Array.from({ length: pieces * 32 }, (_, at) => at * 7 + (at >> 5))

test('whatever the size of the file, every part of its layer is answered with its proof', () => {
  for (const pieces of [2, 3, 5, 8, 513, 1200]) {
    const layer = layerOf(pieces)
    const root = rootOf(sha256, layer, { layer: BASE_LAYER, width: widthFor(pieces) })
    const height = treeHeight(pieces * 4)
    for (const range of layerRequests(root, { baseLayer: BASE_LAYER, count: pieces, height })) {
      const hashes = hashesFor(sha256, range, { layer, pieceSize: PIECE_BYTES })
      if (hashes === undefined) throw new Error(`no answer to ${range.index} of ${pieces}`)
      expect(verifyHashes(sha256, range, hashes, { hash: root, layer: height })).toBe(true)
    }
  }
})

test('a range of another layer, beyond the end, or across subtrees is refused', () => {
  const layer = layerOf(5)
  const range = { piecesRoot: new Uint8Array(32), baseLayer: 2, index: 0, count: 2, proofLayers: 0 }
  const wrong = [{ baseLayer: 0 }, { index: 8 }, { index: 1 }, { count: 3 }, { count: 16 }]
  for (const change of wrong) {
    const source = { layer, pieceSize: PIECE_BYTES }
    expect(hashesFor(sha256, { ...range, ...change }, source)).toBeUndefined()
  }
})
