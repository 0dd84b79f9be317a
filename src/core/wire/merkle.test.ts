import { describe, expect, test } from 'vitest'
import { Dice, digests, latin1 } from '../../../test/support/wire.ts'
import { concatBytes, toHex } from '../bytes/index.ts'
import {
  HASH_REQUEST_MAX,
  type HashRange,
  layerRequests,
  rootOf,
  treeHeight,
  verifyHashes,
  widthFor,
} from './index.ts'

const { sha256 } = digests
const node = (row: Uint8Array, index: number) => row.subarray(index * 32, index * 32 + 32)

/** The layers of the tree over `leaves`, by the definition: missing leaves are zeros. */
function grow(leaves: Uint8Array): Uint8Array[] {
  const width = widthFor(leaves.length / 32)
  let row: Uint8Array = new Uint8Array(width * 32)
  row.set(leaves)
  const layers = [row]
  while (row.length > 32) {
    const pairs: Uint8Array[] = []
    for (let at = 0; at < row.length; at += 64) pairs.push(sha256(row.subarray(at, at + 64)))
    row = concatBytes(...pairs)
    layers.push(row)
  }
  return layers
}

/** What an honest peer answers. */
function answer(layers: readonly Uint8Array[], range: HashRange): Uint8Array {
  const own = (layers[range.baseLayer] ?? new Uint8Array(0)).subarray(
    range.index * 32,
    (range.index + range.count) * 32,
  )
  const first = Math.log2(widthFor(range.count))
  const uncles: Uint8Array[] = []
  for (let step = first; step <= range.proofLayers; step++) {
    const position = Math.floor(range.index / 2 ** step)
    uncles.push(node(layers[range.baseLayer + step] ?? own, position ^ 1))
  }
  return concatBytes(own, ...uncles)
}

describe('roots', () => {
  test.each([1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 100])(
    '%i blocks make the root of the full tree',
    count => {
      const leaves = new Dice(count).bytes(count * 32)
      const layers = grow(leaves)
      expect(treeHeight(count)).toBe(layers.length - 1)
      const root = rootOf(sha256, leaves, { layer: 0, width: widthFor(count) })
      expect(toHex(root)).toBe(toHex(layers.at(-1) ?? leaves))
      // The same from any layer in between, of which only the covered part is known.
      for (let layer = 1; layer < layers.length; layer++) {
        const covered = Math.ceil(count / 2 ** layer)
        const row = (layers[layer] ?? leaves).subarray(0, covered * 32)
        const width = widthFor(count) / 2 ** layer
        expect(toHex(rootOf(sha256, row, { layer, width }))).toBe(toHex(root))
      }
    },
  )

  test('a full row costs one hash a node, a row with missing ones few more', () => {
    const cost = (count: number, layer: number) => {
      let hashes = 0
      const counting = (bytes: Uint8Array) => {
        hashes++
        return sha256(bytes)
      }
      rootOf(counting, new Uint8Array(count * 32), { layer, width: 64 })
      return hashes
    }
    expect(cost(64, 5)).toBe(63)
    expect(cost(63, 5)).toBe(63 + 5 + 6)
  })

  test('a wider tree than needed has more missing leaves', () => {
    const leaf = latin1('a'.repeat(32))
    const zeros = new Uint8Array(32)
    const expected = sha256(
      concatBytes(sha256(concatBytes(leaf, zeros)), sha256(new Uint8Array(64))),
    )
    expect(toHex(rootOf(sha256, leaf, { layer: 0, width: 4 }))).toBe(toHex(expected))
    expect(() => rootOf(sha256, leaf, { layer: 0, width: 3 })).toThrow('make no tree')
    expect(() => rootOf(sha256, new Uint8Array(96), { layer: 0, width: 2 })).toThrow('make no tree')
  })
})

describe('proofs', () => {
  const count = 1300
  const leaves = new Dice(1).bytes(count * 32)
  const layers = grow(leaves)
  const height = treeHeight(count)
  const piecesRoot = layers.at(-1) ?? leaves
  const root = { hash: piecesRoot, layer: height }

  test('every request for a whole layer is proved by an honest answer', () => {
    for (const baseLayer of [0, 3, height - 1]) {
      const covered = Math.ceil(count / 2 ** baseLayer)
      const ranges = layerRequests(piecesRoot, { baseLayer, count: covered, height })
      expect(ranges.reduce((sum, range) => sum + range.count, 0)).toBeGreaterThanOrEqual(covered)
      for (const range of ranges) {
        expect(range.count).toBeLessThanOrEqual(HASH_REQUEST_MAX)
        expect(range.index % range.count).toBe(0)
        expect(verifyHashes(sha256, range, answer(layers, range), root)).toBe(true)
      }
    }
  })

  test('a flipped bit anywhere in the answer is noticed', () => {
    const range = { piecesRoot, baseLayer: 2, index: 64, count: 8, proofLayers: height - 3 }
    const good = answer(layers, range)
    expect(good.length / 32).toBe(8 + height - 2 - 3)
    expect(verifyHashes(sha256, range, good, root)).toBe(true)
    for (let at = 0; at < good.length; at++) {
      expect(verifyHashes(sha256, range, good.with(at, (good[at] ?? 0) ^ 1), root)).toBe(false)
    }
    expect(verifyHashes(sha256, { ...range, index: 72 }, good, root)).toBe(false)
    expect(verifyHashes(sha256, { ...range, index: 65 }, good, root)).toBe(false)
    expect(verifyHashes(sha256, range, good.subarray(0, good.length - 32), root)).toBe(false)
  })

  test('the blocks of one piece are proved by the hash of the piece, without uncles', () => {
    const piece = { hash: node(layers[4] ?? leaves, 5), layer: 4 }
    const range = { piecesRoot, baseLayer: 0, index: 80, count: 16, proofLayers: 3 }
    expect(verifyHashes(sha256, range, answer(layers, range), piece)).toBe(true)
    expect(
      verifyHashes(sha256, { ...range, count: 32, index: 64 }, answer(layers, range), piece),
    ).toBe(false)
  })

  test('the missing leaves behind the end are proved as zeros', () => {
    const range = { piecesRoot, baseLayer: 0, index: 1296, count: 16, proofLayers: height - 1 }
    const good = answer(layers, range)
    expect(good.subarray(4 * 32, 16 * 32).every(byte => byte === 0)).toBe(true)
    expect(verifyHashes(sha256, range, good, root)).toBe(true)
  })
})
