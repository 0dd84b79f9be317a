// The trees of BEP 52: SHA-256 over blocks of 16 KiB, always two children, missing leaves 32 zero bytes.
// Layer 0 is that of the blocks; a node at layer n covers 2^n of them.
import { assert, equalBytes } from '../bytes/index.ts'
import type { HashRange } from './message.ts'

export const HASH_BYTES = 32

export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** A node of the tree whose hash we believe: a file's pieces root, or the hash of a piece. */
export interface TrustedNode {
  /** 32 bytes. */
  readonly hash: Uint8Array
  readonly layer: number
}

/** The smallest power of two that is at least `count`, which is 1 to 2^31. */
export function widthFor(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1))
}

/** Layers above layer 0 in the tree of a file of `blockCount` (at least 1) blocks. */
export function treeHeight(blockCount: number): number {
  return Math.log2(widthFor(blockCount))
}

/** The hash of a node at `layer` below which there is nothing but missing leaves. */
function missingHash(sha256: Sha256, layer: number): Uint8Array {
  let hash: Uint8Array = new Uint8Array(HASH_BYTES)
  for (let at = 0; at < layer; at++) hash = hashTwice(sha256, hash)
  return hash
}

/** The node above two equal ones. */
function hashTwice(sha256: Sha256, hash: Uint8Array): Uint8Array {
  const pair = new Uint8Array(HASH_BYTES * 2)
  pair.set(hash)
  pair.set(hash, HASH_BYTES)
  return sha256(pair)
}

/**
 * The node above `hashes`, which are the first of `width` neighbours at `layer`; the others are missing.
 *
 * @param hashes 32 bytes each, 1 to `width` of them.
 * @param width  a power of two.
 */
export function rootOf(
  sha256: Sha256,
  hashes: Uint8Array,
  { layer, width }: { readonly layer: number; readonly width: number },
): Uint8Array {
  let count = hashes.length / HASH_BYTES
  assert(count >= 1 && count <= width && width === widthFor(width), 'hashes that make no tree')
  let row = hashes
  // A full row has no missing neighbour on any layer above, and needs none hashed.
  let missing = count < width ? missingHash(sha256, layer) : undefined
  const pair = new Uint8Array(HASH_BYTES * 2)
  for (let rest = width; rest > 1; rest /= 2) {
    const above = new Uint8Array(Math.ceil(count / 2) * HASH_BYTES)
    for (let index = 0; index < count; index += 2) {
      pair.set(row.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES))
      const right = index + 1 < count ? nodeAt(row, index + 1) : missing
      assert(right !== undefined, 'a full row with an odd end')
      pair.set(right, HASH_BYTES)
      above.set(sha256(pair), (index / 2) * HASH_BYTES)
    }
    if (missing !== undefined) missing = hashTwice(sha256, missing)
    row = above
    count = Math.ceil(count / 2)
  }
  return row.slice(0, HASH_BYTES)
}

/**
 * Whether a `hashes` message proves its hashes against a node that is believed already.
 *
 * @param hashes those of the range, then one uncle for each layer from the range's own top upwards.
 * @param trusted an ancestor of the whole range: the file's root, or the piece's hash.
 * @returns false too where the range does not fit under that node or an uncle is missing: its sender's
 *   mistake in either case.
 */
export function verifyHashes(
  sha256: Sha256,
  range: HashRange,
  hashes: Uint8Array,
  trusted: TrustedNode,
): boolean {
  const width = widthFor(range.count)
  const topLayer = range.baseLayer + Math.log2(width)
  const uncles = trusted.layer - topLayer
  if (uncles < 0 || range.index % width !== 0) return false
  if (hashes.length < (range.count + uncles) * HASH_BYTES) return false
  const own = hashes.subarray(0, range.count * HASH_BYTES)
  let node = rootOf(sha256, own, { layer: range.baseLayer, width })
  let position = range.index / width
  const pair = new Uint8Array(HASH_BYTES * 2)
  for (let step = 0; step < uncles; step++) {
    const uncle = nodeAt(hashes, range.count + step)
    pair.set(node, position % 2 === 0 ? 0 : HASH_BYTES)
    pair.set(uncle, position % 2 === 0 ? HASH_BYTES : 0)
    node = sha256(pair)
    position = Math.floor(position / 2)
  }
  return equalBytes(node, trusted.hash)
}

/** Hashes that one request asks for at most. @see BEP 52 */
export const HASH_REQUEST_MAX = 512

/**
 * The requests for a whole layer of a file's tree, with the uncles up to its root.
 *
 * @param count hashes in that layer that cover bytes of the file, at least 2.
 */
export function layerRequests(
  piecesRoot: Uint8Array,
  { baseLayer, count, height }: { baseLayer: number; count: number; height: number },
): HashRange[] {
  const ranges: HashRange[] = []
  for (let index = 0; index < count; index += HASH_REQUEST_MAX) {
    const width = Math.max(2, widthFor(Math.min(HASH_REQUEST_MAX, count - index)))
    const proofLayers = Math.max(0, height - baseLayer - 1)
    ranges.push({ piecesRoot, baseLayer, index, count: width, proofLayers })
  }
  return ranges
}

function nodeAt(row: Uint8Array, index: number): Uint8Array {
  return row.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
}
