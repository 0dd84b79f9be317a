import { defineConfig } from 'vitest/config'

/** The long simulations: `npm run sim`, with `SIM_SEEDS` to choose how many seeds each scenario runs. */
export default defineConfig({
  test: { include: ['sim/**/*.sim.ts'], testTimeout: 3_600_000 },
})
