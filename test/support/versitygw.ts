import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../lib/ports.ts'
import { retry } from '../../lib/retry.ts'
import { withLock } from './with-lock.ts'

const run = promisify(execFile)

const VERSION = 'v1.8.0'
const folder = resolve(import.meta.dirname, `../../.cache/versitygw-${VERSION}`)
const binary = join(folder, 'versitygw')

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  )

const hasGo = () =>
  run('go', ['version']).then(
    () => true,
    () => false,
  )

/**
 * Path of versitygw, an S3 server that checks signatures and expiry; built from its Go module at the first use (two
 * minutes) and kept. Undefined where Go is missing, which CI does not forgive.
 */
export const findVersitygw = (options: { ci: boolean }): Promise<string | undefined> =>
  withLock('go', () => build(options))

const build = async ({ ci }: { ci: boolean }): Promise<string | undefined> => {
  if (await exists(binary)) return binary
  if (!(await hasGo())) {
    if (ci) throw new Error('The tests of the s3 store need Go, to build versitygw')
    console.warn('SKIPPED: the tests of the s3 store against a real server. They need Go, to build versitygw.')
    return undefined
  }
  console.warn(`Building versitygw ${VERSION} for the tests of the s3 store; this takes some minutes once.`)
  const building = `${folder}.${process.pid}`
  await run('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`], {
    env: { ...process.env, GOBIN: building },
  })
  await mkdir(folder, { recursive: true })
  await rename(join(building, 'versitygw'), binary)
  await rm(building, { recursive: true })
  return binary
}

/** A server with empty buckets on a port of its own. */
export const startVersitygw = async (path: string, buckets: readonly string[]) => {
  const home = await mkdtemp(join(tmpdir(), 'idem-versitygw-'))
  for (const bucket of buckets) await mkdir(join(home, bucket))
  const port = await freePort()
  const credentials = { accessKeyId: 'idem-test', secretAccessKey: 'not-a-secret' }
  const args = ['--port', `127.0.0.1:${port}`, '--virtual-domain', `s3.test:${port}`, '--quiet', 'posix', home]
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
      await rm(home, { recursive: true })
    },
  }
}
