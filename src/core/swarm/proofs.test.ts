// Trees of BEP 52: a v2 torrent of one file of 2.5 pieces, four blocks a piece.
import { expect, test } from 'vitest'
import { digests } from '../../../sim/world.ts'
import { concatBytes, toHex } from '../bytes/index.ts'
import { BLOCK_BYTES, type HashRange, type Metainfo, rootOf } from '../wire/index.ts'
import { OpenPiece } from './assembly.ts'
import { PieceProofs } from './proofs.ts'

const PIECE_BYTES = 4 * BLOCK_BYTES
const content = Uint8Array.from({ length: 10 * BLOCK_BYTES - 5 }, (_, at) => at * 7 + (at >> 9))
const leaves = concatBytes(
  ...Array.from({ length: 10 }, (_, block) =>
    digests.sha256(content.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)),
  ),
)
const pieceHash = (piece: number) =>
  rootOf(digests.sha256, leaves.subarray(piece * 128, Math.min(leaves.length, piece * 128 + 128)), {
    layer: 0,
    width: 4,
  })
const layer = concatBytes(pieceHash(0), pieceHash(1), pieceHash(2))
const root = rootOf(digests.sha256, layer, { layer: 2, width: 4 })

function proofsOf({ hasLayer }: { hasLayer: boolean }): PieceProofs {
  const infohash2 = new Uint8Array(32)
  const metainfo: Metainfo = {
    name: 'film',
    version: 'v2',
    isSingleFile: true,
    isPrivate: false,
    files: [
      {
        index: 0,
        path: ['film'],
        size: content.length,
        offset: 0,
        isPadding: false,
        isExecutable: false,
        isHidden: false,
        piecesRoot: root,
      },
    ],
    pieceSize: PIECE_BYTES,
    pieceCount: 3,
    totalSize: content.length,
    spaceSize: content.length,
    pieceLayers: new Map(hasLayer ? [[toHex(root), layer]] : []),
    infoBytes: new Uint8Array(0),
    infohash2,
    infohash: infohash2.subarray(0, 20),
    sources: { trackers: [], webSeeds: [], nodes: [] },
  }
  return new PieceProofs(metainfo, digests)
}

/** A peer that keeps what it is asked for. */
function peerOf(number: number, isV2 = true) {
  const asked: HashRange[] = []
  return { number, isV2, asked, requestHashes: (range: HashRange) => void asked.push(range) }
}

const bytesOf = (piece: number) => content.slice(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES)

test('a piece is proved by its tree, the short last one too, and a changed byte is not', () => {
  const proofs = proofsOf({ hasLayer: true })
  for (const piece of [0, 1, 2]) {
    expect(proofs.wayOf(piece)).toBe('merkle')
    expect(proofs.isTreeRight(piece, bytesOf(piece))).toBe(true)
    const wrong = bytesOf(piece)
    wrong[100] = (wrong[100] as number) ^ 1
    expect(proofs.isTreeRight(piece, wrong)).toBe(false)
  }
})

test('without the layer a piece waits for it, and is proved when it has come', () => {
  const proofs = proofsOf({ hasLayer: false })
  const peer = peerOf(1)
  let isProved = false
  expect(proofs.wayOf(1)).toBe('unknown')
  proofs.prepare(1, false, () => {})
  proofs.park(1, () => {
    isProved = proofs.isTreeRight(1, bytesOf(1))
  })
  proofs.ask(0, [peer])
  const [range] = peer.asked
  expect(range).toMatchObject({ baseLayer: 2, index: 0, count: 4 })
  const hashes = concatBytes(
    layer,
    rootOf(digests.sha256, new Uint8Array(32), { layer: 0, width: 1 }),
  )
  hashes.set(missingPiece(), 96)
  expect(proofs.hashesCame(1, range as HashRange, hashes)).toBe(true)
  expect(isProved).toBe(true)
})

/** What stands for a piece beyond the end: a tree of missing leaves. */
function missingPiece(): Uint8Array {
  return rootOf(digests.sha256, new Uint8Array(4 * 32), { layer: 0, width: 4 })
}

test('wrong hashes are a lie, and the next peer is asked', () => {
  const proofs = proofsOf({ hasLayer: false })
  const [liar, honest] = [peerOf(1), peerOf(2)]
  proofs.prepare(0, false, () => {})
  proofs.ask(0, [liar])
  expect(proofs.hashesCame(1, liar.asked[0] as HashRange, new Uint8Array(4 * 32))).toBe(false)
  proofs.ask(1, [liar, honest])
  expect(liar.asked).toHaveLength(1)
  expect(honest.asked).toHaveLength(1)
})

test('a peer that rejects, or stays silent for three seconds, is passed over', () => {
  const proofs = proofsOf({ hasLayer: false })
  const [first, second, third] = [peerOf(1), peerOf(2), peerOf(3)]
  proofs.prepare(0, false, () => {})
  proofs.ask(0, [first, second, third])
  proofs.hashesRejected(1, first.asked[0] as HashRange)
  proofs.ask(0, [first, second, third])
  expect(second.asked).toHaveLength(1)
  expect(proofs.wakeAtMs).toBe(3_000)
  proofs.ask(2_999, [first, second, third])
  expect(third.asked).toHaveLength(0)
  proofs.ask(3_000, [first, second, third])
  expect(third.asked).toHaveLength(1)
})

test('a peer without BEP 52 is never asked', () => {
  const proofs = proofsOf({ hasLayer: false })
  const peer = peerOf(1, false)
  proofs.prepare(0, false, () => {})
  proofs.ask(0, [peer])
  expect(peer.asked).toEqual([])
})

test('for a watched piece block hashes are asked for, and prove blocks one by one', () => {
  const proofs = proofsOf({ hasLayer: true })
  const peer = peerOf(1)
  const told: number[] = []
  proofs.prepare(1, true, piece => told.push(piece))
  proofs.ask(0, [peer])
  const [range] = peer.asked
  expect(range).toMatchObject({ baseLayer: 0, index: 4, count: 4 })
  expect(proofs.hasLeaf(1, 2)).toBe(false)
  expect(proofs.hashesCame(1, range as HashRange, leaves.slice(128, 256))).toBe(true)
  expect(told).toEqual([1])
  const open = new OpenPiece(1, bytesOf(1))
  expect(proofs.hasLeaf(1, 2) && proofs.isLeafRight(open, 2)).toBe(true)
  open.bytes[2 * BLOCK_BYTES] = 1 ^ (open.bytes[2 * BLOCK_BYTES] as number)
  expect(proofs.isLeafRight(open, 2)).toBe(false)
})

test('an unwatched piece costs no block hashes', () => {
  const proofs = proofsOf({ hasLayer: true })
  const peer = peerOf(1)
  proofs.prepare(1, false, () => {})
  proofs.ask(0, [peer])
  expect(peer.asked).toEqual([])
})
