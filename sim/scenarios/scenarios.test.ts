import { describe, test } from 'vitest'
import { scenarios } from './all.ts'
import { playSeeds } from './scenario.ts'

const SEEDS = 3

describe('the whole client in the simulator', () => {
  test.each(scenarios)('$name', scenario => {
    playSeeds(scenario, 1, SEEDS)
  })
})
