import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Most files wait more than they compute: for processes, and for what may still be under way.
    maxWorkers: 3,
    setupFiles: ['test/support/own-state.ts', 'test/support/no-open-handles.ts'],
  },
})
