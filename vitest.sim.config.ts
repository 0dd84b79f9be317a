import { defineConfig } from 'vitest/config'

/**
 * The long runs: `npm run sim`. Simulations, with `SIM_SEEDS` to choose how many seeds each scenario runs, and those with
 * real programs in test/long, which want the built command.
 */
export default defineConfig({
  test: { include: ['sim/**/*.sim.ts', 'test/long/**/*.sim.ts'], testTimeout: 3_600_000 },
})
