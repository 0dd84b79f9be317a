import { describe, test } from 'vitest'
import { scenarios } from './all.ts'
import { playSeeds } from './scenario.ts'

/** Each scenario from seed `SIM_SEED` on, `SIM_SEEDS` times. */
const FIRST = Number(process.env.SIM_SEED ?? 1)
const COUNT = Number(process.env.SIM_SEEDS ?? 100)

describe('the whole client in the simulator, many times', () => {
  test.each(scenarios)('$name', scenario => {
    playSeeds(scenario, FIRST, COUNT)
  })
})
