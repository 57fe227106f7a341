import { defineConfig } from 'vitest/config'

const long = 'test/**/*.long.test.ts'

export default defineConfig({
  test: {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // Most files wait more than they compute: for processes, and for what may still be under way.
    maxWorkers: 3,
    setupFiles: ['test/support/own-state.ts', 'test/support/no-open-handles.ts'],
    projects: [
      { extends: true, test: { name: 'short', include: ['test/**/*.test.ts'], exclude: [long] } },
      { extends: true, test: { name: 'long', include: [long] } },
    ],
  },
})
