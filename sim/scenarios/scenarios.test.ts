import { describe, test } from 'vitest'
import { scenarios } from './all.ts'

const SEEDS = [1, 2, 3]

describe('the whole client in the simulator', () => {
  test.each(scenarios)('$name', ({ play }) => {
    for (const seed of SEEDS) play(seed)
  })
})
