import { resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startDevServer } from '../../cli/stack/dev-server.ts'
import { findTemporalCli } from '../../cli/stack/find-cli.ts'

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string
    temporalHttpUrl: string
    temporalCli: string
  }
}

/** One real Temporal server for the whole run; every test file keeps to task queues and ids of its own. */
export default async function setup(project: TestProject) {
  const cli = await findTemporalCli({
    cacheDir: resolve(import.meta.dirname, '../../.cache'),
    path: process.env.PATH ?? '',
    onProgress: (message) => console.error(message),
  })
  const server = await startDevServer({
    cli,
  })
  project.provide('temporalAddress', server.address)
  project.provide('temporalHttpUrl', server.httpUrl)
  project.provide('temporalCli', cli)
  return () => server.stop()
}
