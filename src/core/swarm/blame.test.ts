import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { BLOCK_BYTES } from '../wire/index.ts'
import { OpenPiece } from './assembly.ts'
import { Blame } from './blame.ts'

const blame = () => new Blame(bytes => new Uint8Array(createHash('sha1').update(bytes).digest()))

/** A piece of as many blocks as there are senders; a negative one sent wrong bytes. */
function pieceOf(senders: readonly number[]): OpenPiece {
  const piece = new OpenPiece(0, new Uint8Array(senders.length * BLOCK_BYTES))
  for (const [block, sender] of senders.entries()) {
    const peer = Math.abs(sender)
    piece.begin(block, peer)
    piece.write(block, peer, block * BLOCK_BYTES, new Uint8Array(8).fill(sender < 0 ? 66 : block))
    piece.complete(block, peer)
  }
  return piece
}

test('a bad piece of one sender is surely its own', () => {
  expect(blame().failed(pieceOf([-7, 7, 7]))).toBe(7)
})

test('of several senders only the one whose block differs from the right one is to blame', () => {
  const judge = blame()
  expect(judge.failed(pieceOf([1, -2, 3]))).toBeUndefined()
  expect(judge.proved(pieceOf([4, 4, 4]))).toEqual([2])
})

test('two failures of one piece blame the liars of both', () => {
  const judge = blame()
  judge.failed(pieceOf([1, -2, 3]))
  judge.failed(pieceOf([-5, 1, 3]))
  expect(judge.proved(pieceOf([1, 1, 1])).sort()).toEqual([2, 5])
})

test('a piece that was right at once blames nobody, and a case is closed when it is proved', () => {
  const judge = blame()
  expect(judge.proved(pieceOf([1, 2]))).toEqual([])
  judge.failed(pieceOf([1, -2]))
  judge.proved(pieceOf([1, 1]))
  expect(judge.proved(pieceOf([1, 1]))).toEqual([])
})
