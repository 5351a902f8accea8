import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A list may take seconds where other tests run at the same time.
    expect: { poll: { timeout: 20_000 } },
    // Native modules (onnxruntime, the Temporal core bridge) dislike being unloaded with a thread.
    pool: 'forks',
    maxWorkers: 2,
  },
})
