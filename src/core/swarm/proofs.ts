// What vouches for a piece: the SHA-1 of v1, or the SHA-256 tree of BEP 52, of which parts are asked of the
// peers. Piece layers are asked for where the metadata came without them; block hashes for the pieces that
// a viewer waits for, so that a big piece can be read before it is complete.
import { assert, equalBytes, toHex } from '../bytes/index.ts'
import {
  BLOCK_BYTES,
  fileIndexAt,
  HASH_BYTES,
  type HashRange,
  layerRequests,
  type Metainfo,
  type MetainfoFile,
  rootOf,
  type TrustedNode,
  treeHeight,
  verifyHashes,
  widthFor,
} from '../wire/index.ts'
import type { Digests, Millis } from '../world/index.ts'
import type { OpenPiece } from './assembly.ts'
import { hashesFor } from './hash-answers.ts'

/** Hash requests that are known at once: a file of 8 GiB in 1 MiB pieces needs 16 for its layer. */
export const HASH_REQUESTS_MAX = 1024
/** Of them in flight with one peer. */
const PER_PEER_MAX = 16
/** A request not answered by then is put to another peer. */
const PATIENCE_MS = 3_000
/** Block hashes asked for in one message. @see BEP 52 */
const LEAVES_PER_REQUEST = 512
/** Pieces whose block hashes are kept, oldest dropped first: 64 pieces of 16 MiB are 2 MiB of hashes. */
const LEAVES_MAX = 64
/** With fewer blocks than this a piece is complete before its block hashes would be here. */
const LEAVES_WORTH_BLOCKS = 4

interface Wish {
  readonly range: HashRange
  readonly trusted: TrustedNode
  readonly take: (hashes: Uint8Array) => void
  /** Who was asked, and when; 0 for nobody. */
  peer: number
  askedAtMs: Millis
  readonly refusedBy: Set<number>
}

/** The part of a v2 file that a piece holds. */
interface Part {
  readonly file: MetainfoFile
  readonly root: Uint8Array
  readonly pieceInFile: number
  /** Bytes of the file in this piece, without padding. */
  readonly size: number
  /** Leaves of the subtree that the piece is. */
  readonly width: number
}

interface Leaves {
  readonly hashes: Uint8Array
  readonly isKnown: Uint8Array
}

/** A peer that can be asked for hashes. */
export interface HashPeer {
  readonly number: number
  readonly isV2: boolean
  requestHashes(range: HashRange): void
}

export class PieceProofs {
  readonly #metainfo: Metainfo
  readonly #digests: Digests
  /** By the file's root in hexadecimal. */
  readonly #layers: Map<string, Uint8Array>
  readonly #wishes = new Map<string, Wish>()
  readonly #leaves = new Map<number, Leaves>()
  /** Pieces that are complete and wait for the layer that proves them. */
  readonly #parked = new Map<number, () => void>()
  readonly #isV1: boolean
  readonly #isV2: boolean

  constructor(metainfo: Metainfo, digests: Digests) {
    this.#metainfo = metainfo
    this.#digests = digests
    this.#layers = new Map(metainfo.pieceLayers)
    this.#isV1 = metainfo.version !== 'v2'
    this.#isV2 = metainfo.version !== 'v1'
  }

  /** Whether there are trees at all. */
  get isNeeded(): boolean {
    return this.#isV2
  }

  wayOf(piece: number): 'sha1' | 'merkle' | 'unknown' {
    if (this.#isV2 && this.#trusted(this.#part(piece)) !== undefined) return 'merkle'
    return this.#isV1 ? 'sha1' : 'unknown'
  }

  isDigestRight(piece: number, digest: Uint8Array): boolean {
    const hashes = this.#metainfo.pieceHashes
    return hashes !== undefined && equalBytes(digest, hashes.subarray(piece * 20, piece * 20 + 20))
  }

  isTreeRight(piece: number, bytes: Uint8Array): boolean {
    const part = this.#part(piece)
    const trusted = this.#trusted(part)
    if (part === undefined || trusted === undefined) return false
    const count = Math.ceil(part.size / BLOCK_BYTES)
    const leaves = new Uint8Array(count * HASH_BYTES)
    for (let block = 0; block < count; block++) {
      const begin = block * BLOCK_BYTES
      const end = Math.min(begin + BLOCK_BYTES, part.size)
      leaves.set(this.#digests.sha256(bytes.subarray(begin, end)), block * HASH_BYTES)
    }
    const root = rootOf(this.#digests.sha256, leaves, { layer: 0, width: part.width })
    this.#leaves.delete(piece)
    return equalBytes(root, trusted.hash)
  }

  /** Whether any block hashes of `piece` are known: asked for each block, so it must stay cheap. */
  hasLeaf(piece: number, block: number): boolean {
    if (this.#leaves.size === 0) return false
    return this.#leaves.get(piece)?.isKnown[block] === 1
  }

  isLeafRight(open: OpenPiece, block: number): boolean {
    const leaves = this.#leaves.get(open.piece)
    const part = this.#part(open.piece)
    assert(leaves !== undefined && part !== undefined, 'a block without a known hash')
    const begin = block * BLOCK_BYTES
    const end = Math.min(begin + BLOCK_BYTES, part.size)
    const digest = this.#digests.sha256(open.bytes.subarray(begin, end))
    return equalBytes(digest, leaves.hashes.subarray(block * HASH_BYTES, (block + 1) * HASH_BYTES))
  }

  /** Calls `then` as soon as the piece can be proved. */
  park(piece: number, then: () => void): void {
    this.#parked.set(piece, then)
  }

  /** `piece` is about to be fetched: notes what will be needed to prove it. */
  prepare(piece: number, isWatched: boolean, onLeaves: (piece: number) => void): void {
    if (!this.#isV2) return
    const part = this.#part(piece)
    if (part === undefined) return
    const trusted = this.#trusted(part)
    if (trusted === undefined) this.#wishLayer(part)
    else if (isWatched) this.#wishLeaves(piece, part, trusted, onLeaves)
  }

  /** Puts open requests to `peers`. */
  ask(nowMs: Millis, peers: Iterable<HashPeer>): void {
    if (this.#wishes.size === 0) return
    const able = [...peers].filter(peer => peer.isV2)
    for (const wish of this.#wishes.values()) {
      if (wish.peer !== 0 && nowMs - wish.askedAtMs < PATIENCE_MS) continue
      const peer = able.find(
        candidate =>
          candidate.number !== wish.peer &&
          !wish.refusedBy.has(candidate.number) &&
          this.#inFlightOf(candidate.number) < PER_PEER_MAX,
      )
      if (peer === undefined) continue
      wish.peer = peer.number
      wish.askedAtMs = nowMs
      peer.requestHashes(wish.range)
    }
  }

  /** When an unanswered request is put to another peer; `Infinity` when none is open. */
  get wakeAtMs(): Millis {
    let firstMs = Number.POSITIVE_INFINITY
    for (const wish of this.#wishes.values()) {
      firstMs = Math.min(firstMs, wish.peer === 0 ? firstMs : wish.askedAtMs + PATIENCE_MS)
    }
    return firstMs
  }

  /** @returns false where the hashes are wrong: a lie. Hashes that nobody waits for are ignored. */
  hashesCame(peer: number, range: HashRange, hashes: Uint8Array): boolean {
    const key = keyOf(range)
    const wish = this.#wishes.get(key)
    if (wish === undefined || range.count !== wish.range.count) return true
    if (!verifyHashes(this.#digests.sha256, range, hashes, wish.trusted)) {
      wish.refusedBy.add(peer)
      wish.peer = 0
      return false
    }
    this.#wishes.delete(key)
    wish.take(hashes.slice(0, range.count * HASH_BYTES))
    return true
  }

  hashesRejected(peer: number, range: HashRange): void {
    const wish = this.#wishes.get(keyOf(range))
    if (wish === undefined) return
    wish.refusedBy.add(peer)
    if (wish.peer === peer) wish.peer = 0
  }

  peerLeft(peer: number): void {
    for (const wish of this.#wishes.values()) {
      wish.refusedBy.delete(peer)
      if (wish.peer === peer) wish.peer = 0
    }
  }

  /** What a peer that asks for hashes is told; `undefined` where we cannot tell it. */
  answer(range: HashRange): Uint8Array | undefined {
    const layer = this.#layers.get(toHex(range.piecesRoot))
    const { pieceSize } = this.#metainfo
    return layer && hashesFor(this.#digests.sha256, range, { layer, pieceSize })
  }

  #inFlightOf(peer: number): number {
    let count = 0
    for (const wish of this.#wishes.values()) if (wish.peer === peer) count++
    return count
  }

  #part(piece: number): Part | undefined {
    const begin = piece * this.#metainfo.pieceSize
    const file = this.#metainfo.files[fileIndexAt(this.#metainfo, begin)]
    if (file?.piecesRoot === undefined) return undefined
    const position = begin - file.offset
    const pieceSize = this.#metainfo.pieceSize
    return {
      file,
      root: file.piecesRoot,
      pieceInFile: Math.round(position / pieceSize),
      size: Math.min(pieceSize, file.size - position),
      width: widthFor(Math.ceil(Math.min(pieceSize, file.size) / BLOCK_BYTES)),
    }
  }

  /** The node of the tree that the piece is, if its hash is known. */
  #trusted(part: Part | undefined): TrustedNode | undefined {
    if (part === undefined) return undefined
    const layer = Math.log2(part.width)
    if (part.file.size <= this.#metainfo.pieceSize) return { hash: part.root, layer }
    const hashes = this.#layers.get(toHex(part.root))
    const begin = part.pieceInFile * HASH_BYTES
    return hashes && { hash: hashes.subarray(begin, begin + HASH_BYTES), layer }
  }

  #wishLayer(part: Part): void {
    const { file, root } = part
    const count = Math.ceil(file.size / this.#metainfo.pieceSize)
    const height = treeHeight(Math.ceil(file.size / BLOCK_BYTES))
    const baseLayer = Math.log2(this.#metainfo.pieceSize / BLOCK_BYTES)
    const ranges = layerRequests(root, { baseLayer, count, height })
    const layer = new Uint8Array(count * HASH_BYTES)
    let missing = ranges.length
    for (const range of ranges) {
      this.#wish(range, { hash: root, layer: height }, hashes => {
        const begin = range.index * HASH_BYTES
        layer.set(hashes.subarray(0, layer.length - begin), begin)
        if (--missing === 0) this.#learnLayer(root, layer)
      })
    }
  }

  #learnLayer(root: Uint8Array, layer: Uint8Array): void {
    this.#layers.set(toHex(root), layer)
    for (const [piece, then] of this.#parked) {
      if (this.wayOf(piece) === 'unknown') continue
      this.#parked.delete(piece)
      then()
    }
  }

  #wishLeaves(
    piece: number,
    part: Part,
    trusted: TrustedNode,
    onLeaves: (piece: number) => void,
  ): void {
    if (part.width < LEAVES_WORTH_BLOCKS || this.#leaves.has(piece)) return
    const oldest = this.#leaves.keys().next().value
    if (this.#leaves.size >= LEAVES_MAX && oldest !== undefined) this.#leaves.delete(oldest)
    const leaves: Leaves = {
      hashes: new Uint8Array(part.width * HASH_BYTES),
      isKnown: new Uint8Array(part.width),
    }
    this.#leaves.set(piece, leaves)
    const count = Math.min(part.width, LEAVES_PER_REQUEST)
    const first = part.pieceInFile * part.width
    const proofLayers = count === part.width ? 0 : trusted.layer - 1
    for (let at = 0; at * BLOCK_BYTES < part.size; at += count) {
      const range: HashRange = {
        piecesRoot: part.root,
        baseLayer: 0,
        index: first + at,
        count,
        proofLayers,
      }
      this.#wish(range, trusted, hashes => {
        leaves.hashes.set(hashes, at * HASH_BYTES)
        leaves.isKnown.fill(1, at, at + count)
        onLeaves(piece)
      })
    }
  }

  #wish(range: HashRange, trusted: TrustedNode, take: (hashes: Uint8Array) => void): void {
    const key = keyOf(range)
    if (this.#wishes.has(key) || this.#wishes.size >= HASH_REQUESTS_MAX) return
    this.#wishes.set(key, { range, trusted, take, peer: 0, askedAtMs: 0, refusedBy: new Set() })
  }
}

function keyOf(range: HashRange): string {
  return `${toHex(range.piecesRoot)}:${range.baseLayer}:${range.index}`
}
