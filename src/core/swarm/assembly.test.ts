import { expect, test } from 'vitest'
import { BLOCK_BYTES } from '../wire/index.ts'
import { BufferPool, OpenPiece } from './assembly.ts'

const open = () => new OpenPiece(3, new Uint8Array(BLOCK_BYTES + 10))
const run = (byte: number, size: number) => new Uint8Array(size).fill(byte)

test('a block that another peer has begun anew takes no more bytes from the first', () => {
  const piece = open()
  expect(piece.begin(1, 11)).toBe(true)
  piece.write(1, 11, BLOCK_BYTES, run(1, 5))
  expect(piece.begin(1, 22)).toBe(true)
  piece.write(1, 22, BLOCK_BYTES, run(2, 5))
  piece.write(1, 11, BLOCK_BYTES + 5, run(1, 5))
  piece.write(1, 22, BLOCK_BYTES + 5, run(2, 5))
  expect(piece.complete(1, 11)).toBe(false)
  expect(piece.complete(1, 22)).toBe(true)
  expect(piece.block(1)).toEqual(run(2, 10))
})

test('a complete block is neither begun nor written nor completed again', () => {
  const piece = open()
  piece.begin(0, 11)
  piece.write(0, 11, 0, run(1, BLOCK_BYTES))
  expect(piece.complete(0, 11)).toBe(true)
  expect(piece.begin(0, 22)).toBe(false)
  piece.write(0, 11, 0, run(9, 4))
  expect(piece.complete(0, 11)).toBe(false)
  expect(piece.block(0)).toEqual(run(1, BLOCK_BYTES))
})

test('a closed piece takes nothing: its buffer is another piece by now', () => {
  const piece = open()
  piece.begin(0, 11)
  piece.isClosed = true
  piece.write(0, 11, 0, run(1, 4))
  expect(piece.complete(0, 11)).toBe(false)
  expect(piece.bytes[0]).toBe(0)
})

test('a forgotten block can be sent by somebody else', () => {
  const piece = open()
  piece.begin(0, 11)
  piece.complete(0, 11)
  piece.forget(0)
  expect(piece.begin(0, 22)).toBe(true)
})

test('the pool hands out whole buffers again, whatever view of them came back', () => {
  const pool = new BufferPool(1000)
  const first = pool.take()
  pool.giveBack(first.subarray(0, 10))
  const second = pool.take()
  expect(second.length).toBe(1000)
  expect(second.buffer).toBe(first.buffer)
})

test('a foreign buffer that is too small is let go', () => {
  const pool = new BufferPool(1000)
  pool.giveBack(new Uint8Array(999))
  expect(pool.take().length).toBe(1000)
})

test('whatever the size of a piece, there are at least four buffers and no more than 40 MiB of small ones', () => {
  for (const bytes of [16_384, 262_144, 1_048_576, 16_777_216, 268_435_456]) {
    const { buffersMax } = new BufferPool(bytes)
    expect(buffersMax).toBeGreaterThanOrEqual(4)
    expect(Math.max(buffersMax, 5) * bytes <= 40 * 1024 * 1024 || buffersMax === 4).toBe(true)
  }
})
