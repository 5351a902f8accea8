import { pathToFileURL } from 'node:url'
import { defineConfig } from 'vitest/config'

const loopbackOnly = `--import=${pathToFileURL('test/support/loopback-only.js').href}`
const temporalServer = { globalSetup: ['test/support/temporal-server.ts'] }

// What a test needs is the folder that it is in: see test/README.md.
export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    // Only what hangs takes longer, on a machine with other work too.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 90_000, interval: 100 } },
    // Native modules (onnxruntime, the Temporal core bridge) dislike being unloaded with a thread.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/unit/**/*.test.ts'],
          execArgv: [loopbackOnly],
          env: { NODE_OPTIONS: loopbackOnly },
          // To load the same modules for each of a hundred files would take most of the time.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'temporal', include: ['test/temporal/**/*.test.ts'], ...temporalServer } },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...temporalServer } },
      { extends: true, test: { name: 'deploy', include: ['test/deploy/**/*.test.ts'], ...temporalServer } },
    ],
  },
})
