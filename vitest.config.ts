import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['test/peers/install.ts'],
    include: ['src/**/*.test.ts', 'sim/**/*.test.ts', 'test/**/*.test.ts', 'web/src/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
