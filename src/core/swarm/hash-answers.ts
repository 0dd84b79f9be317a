// Answers to hash requests (BEP 52), for those who share: hashes of a file's piece layer with the uncles
// that prove them. Other layers are not kept, so they are refused.
import {
  BLOCK_BYTES,
  HASH_BYTES,
  type HashRange,
  rootOf,
  type Sha256,
  widthFor,
} from '../wire/index.ts'

/**
 * @param layer the piece layer of the file that `range` names: 32 bytes a piece.
 * @returns the hashes of the range, then one uncle a layer, as far as `proofLayers` asks for them;
 *   `undefined` for a range of another layer, or one that is no subtree of this one.
 */
export function hashesFor(
  sha256: Sha256,
  range: HashRange,
  { layer, pieceSize }: { readonly layer: Uint8Array; readonly pieceSize: number },
): Uint8Array | undefined {
  const { count, index, proofLayers } = range
  const baseLayer = Math.log2(pieceSize / BLOCK_BYTES)
  const width = widthFor(layer.length / HASH_BYTES)
  const isSubtree = count === widthFor(count) && index % count === 0 && index + count <= width
  if (range.baseLayer !== baseLayer || !isSubtree) return undefined
  // Layers inside the range need no uncles: whoever has the range can compute them.
  const wanted = proofLayers - Math.max(0, Math.log2(count) - 1)
  const uncles = Math.max(0, Math.min(wanted, Math.log2(width / count)))
  const answer = new Uint8Array((count + uncles) * HASH_BYTES)
  const missing = missingNode(sha256, baseLayer)
  for (let at = 0; at < count; at++) answer.set(missing, at * HASH_BYTES)
  answer.set(part(layer, index, count))
  let [at, size] = [index, count]
  for (let uncle = 0; uncle < uncles; uncle++) {
    const sibling = part(layer, at ^ size, size)
    const hash =
      sibling.length === 0
        ? missingNode(sha256, baseLayer + Math.log2(size))
        : rootOf(sha256, sibling, { layer: baseLayer, width: size })
    answer.set(hash, (count + uncle) * HASH_BYTES)
    at = Math.min(at, at ^ size)
    size *= 2
  }
  return answer
}

/** The node at `layer` below which no block is: all its leaves are zeros. @see BEP 52 */
function missingNode(sha256: Sha256, layer: number): Uint8Array {
  return rootOf(sha256, new Uint8Array(HASH_BYTES), { layer: 0, width: 2 ** layer })
}

/** The hashes from `index` on, `count` of them or as many as there are. */
function part(layer: Uint8Array, index: number, count: number): Uint8Array {
  return layer.subarray(index * HASH_BYTES, (index + count) * HASH_BYTES)
}
