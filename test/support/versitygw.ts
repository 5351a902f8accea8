import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../lib/ports.ts'
import { retry } from '../../lib/retry.ts'
import { findGoTool } from './go-tool.ts'

/** An S3 server that checks signatures and expiry. */
const tool = {
  name: 'versitygw',
  version: 'v1.8.0',
  module: 'github.com/versity/versitygw/cmd/versitygw',
  testsOf: 'the s3 store',
}

export const findVersitygw = (options: { ci: boolean }): Promise<string | undefined> => findGoTool(tool, options)

/** A server with empty buckets on a port of its own. `versioned` ones can keep versions, once they are told to. */
export const startVersitygw = async (path: string, buckets: readonly string[], { versioned = false } = {}) => {
  const home = await mkdtemp(join(tmpdir(), 'idem-versitygw-'))
  for (const bucket of buckets) await mkdir(join(home, bucket))
  const port = await freePort()
  const credentials = { accessKeyId: 'idem-test', secretAccessKey: 'not-a-secret' }
  const args = ['--port', `127.0.0.1:${port}`, '--virtual-domain', `s3.test:${port}`, '--quiet', 'posix']
  const versions = versioned ? await mkdtemp(join(tmpdir(), 'idem-versions-')) : undefined
  args.push(...(versions ? ['--versioning-dir', versions] : []), home)
  const env = { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey }
  const server = spawn(path, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  server.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const endpoint = `http://127.0.0.1:${port}`
  await retry(() => fetch(endpoint), { delayMs: () => 50, shouldRetry: () => server.exitCode === null }).catch(
    (cause) => {
      throw new Error(`versitygw did not start: ${stderr}`, { cause })
    },
  )
  return {
    endpoint,
    port,
    home,
    credentials,
    stop: async () => {
      const exited = once(server, 'exit')
      server.kill()
      await exited
      for (const folder of versions ? [home, versions] : [home]) await rm(folder, { recursive: true })
    },
  }
}
