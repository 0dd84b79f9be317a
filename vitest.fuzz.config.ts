import { defineConfig } from 'vitest/config'

/** The long fuzz runs: `npm run fuzz`, with `FUZZ_INPUTS` to choose how many inputs each decoder gets. */
export default defineConfig({
  test: { include: ['src/**/*.fuzz.ts'], testTimeout: 3_600_000 },
})
