import { resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type DevServer, startDevServer } from '../../cli/stack/dev-server.ts'
import { findTemporalCli } from '../../cli/stack/find-cli.ts'
import { freePort } from '../../lib/ports.ts'

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string
    temporalHttpUrl: string
    temporalCli: string
  }
}

interface SharedServer {
  readonly cli: string
  readonly server: DevServer
}

const start = async (): Promise<SharedServer> => {
  const cli = await findTemporalCli({
    cacheDir: resolve(import.meta.dirname, '../../.cache'),
    path: process.env.PATH ?? '',
    onProgress: (message) => console.error(message),
  })
  return { cli, server: await startDevServer({ cli, httpPort: await freePort() }) }
}

// Each project loads this module anew; the process is the same.
const shared = globalThis as { idemTestServer?: { users: number; started: Promise<SharedServer> } }

/** One real Temporal server for the whole run, whatever projects it has; every test file uses its own task queues and ids. */
export default async function setup(project: TestProject) {
  shared.idemTestServer ??= { users: 0, started: start() }
  const use = shared.idemTestServer
  use.users += 1
  const { cli, server } = await use.started
  project.provide('temporalAddress', server.address)
  project.provide('temporalHttpUrl', server.httpUrl!)
  project.provide('temporalCli', cli)
  return async () => {
    use.users -= 1
    if (use.users > 0) return
    delete shared.idemTestServer
    await server.stop()
  }
}
