import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { WorldInput } from '../core/world/index.ts'
import { Hasher, SLICE_BYTES } from './hasher.ts'

const digestOf = (bytes: Uint8Array) => new Uint8Array(createHash('sha1').update(bytes).digest())

/** Resolves with the answers once there are `count`. */
function hasherFor(count: number) {
  const answers: WorldInput[] = []
  let onAll = (_answers: WorldInput[]) => {}
  const all = new Promise<WorldInput[]>(resolve => {
    onAll = resolve
  })
  const hasher = new Hasher(input => {
    answers.push(input)
    if (answers.length === count) onAll(answers)
  })
  return { hasher, answers, all }
}

test('a piece of one slice is answered at once', () => {
  const { hasher, answers } = hasherFor(1)
  const bytes = new Uint8Array(SLICE_BYTES).fill(1)
  hasher.hash({ kind: 'hash', request: 1, algorithm: 'sha1', bytes })
  expect(answers).toEqual([{ kind: 'hashed', request: 1, digest: digestOf(bytes) }])
})

test('a big piece is hashed slice by slice, others have turns between, and the small one behind it waits', async () => {
  const { hasher, answers, all } = hasherFor(2)
  const big = new Uint8Array(2 * SLICE_BYTES + 5).fill(2)
  const small = new Uint8Array(5).fill(3)
  hasher.hash({ kind: 'hash', request: 1, algorithm: 'sha1', bytes: big })
  hasher.hash({ kind: 'hash', request: 2, algorithm: 'sha1', bytes: small })
  expect(answers).toEqual([])
  let turns = 0
  const count = () => {
    turns++
    if (answers.length === 0) setImmediate(count)
  }
  setImmediate(count)
  expect(await all).toEqual([
    { kind: 'hashed', request: 1, digest: digestOf(big) },
    { kind: 'hashed', request: 2, digest: digestOf(small) },
  ])
  expect(turns).toBeGreaterThanOrEqual(2)
})

test('after the close nothing is answered any more', async () => {
  const { hasher, answers } = hasherFor(1)
  const bytes = new Uint8Array(SLICE_BYTES + 1)
  hasher.hash({ kind: 'hash', request: 1, algorithm: 'sha1', bytes })
  hasher.close()
  await new Promise(resolve => setImmediate(resolve))
  expect(answers).toEqual([])
})
