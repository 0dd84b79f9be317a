import { describe, expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { digests } from '../../../test/support/wire.ts'
import { OpenPiece } from './assembly.ts'
import { Blame } from './blame.ts'
import { BLOCK_BYTES } from './pipeline.ts'

const BLOCKS = 64

/** A piece of 1 MiB, and what peers make of it: liars send garbage in `lies` of their blocks. */
function scene(options: {
  readonly liars: readonly number[]
  readonly lies?: number
  seed?: number
}) {
  const luck = new SeededLuck(options.seed ?? 1)
  const right = luck.bytes(BLOCKS * BLOCK_BYTES)
  const copy = (senderOf: (block: number) => number): OpenPiece => {
    const open = new OpenPiece(7, right.slice())
    for (let block = 0; block < BLOCKS; block++) {
      const sender = senderOf(block)
      open.begin(block, sender)
      open.complete(block, sender)
      const lies = options.liars.includes(sender) && luck.chance(options.lies ?? 1)
      if (lies) open.block(block).fill(luck.below(256))
    }
    return open
  }
  const isRight = (open: OpenPiece) => Buffer.compare(open.bytes, right) === 0
  return { copy, isRight, luck, blame: new Blame(digests.sha1) }
}

const PEERS = [1, 2, 3, 4, 5, 6]
const inTurn = (shift: number) => (block: number) => PEERS[(block + shift) % PEERS.length] as number

describe('a bad piece', () => {
  test('of one sender alone convicts it at once', () => {
    const { copy, blame } = scene({ liars: [3] })
    expect(blame.failed(copy(() => 3))).toBe(3)
  })

  test.each([1, 0.5, 0.2])('with one liar among six is mended from two copies, lies %f', lies => {
    for (let seed = 1; seed <= 20; seed++) {
      const { copy, isRight, blame } = scene({ liars: [3], lies, seed })
      const first = copy(inTurn(0))
      if (isRight(first)) continue
      expect(blame.failed(first)).toBeUndefined()
      const second = copy(inTurn(1))
      if (isRight(second)) continue
      expect(blame.mend(second)).toBe(true)
      expect(isRight(second)).toBe(true)
      expect(blame.proved(second)).toEqual([3])
    }
  })

  test('with half of the peers lying names an honest one as the least suspect', () => {
    const { copy, blame } = scene({ liars: [2, 4, 6] })
    blame.failed(copy(inTurn(0)))
    blame.mend(copy(block => PEERS[(block * 5 + (block >> 2)) % 6] as number))
    expect([1, 3, 5]).toContain(blame.leastSuspect(7))
  })

  test('is mended once only: what fails again is fetched from one peer', () => {
    const { copy, blame } = scene({ liars: [1, 2, 3, 4, 5, 6] })
    blame.failed(copy(inTurn(0)))
    blame.mend(copy(inTurn(1)))
    expect(blame.mend(copy(inTurn(2)))).toBe(false)
  })

  test('convicts nobody who sent what the right copy holds', () => {
    const { copy, blame } = scene({ liars: [2, 5] })
    blame.failed(copy(inTurn(0)))
    blame.mend(copy(inTurn(2)))
    expect(blame.proved(copy(() => 1)).sort()).toEqual([2, 5])
  })
})
