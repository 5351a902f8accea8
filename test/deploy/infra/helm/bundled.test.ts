import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { searchAttributes } from '../../../../contracts/search-attributes.ts'
import { freePort } from '../../../../lib/ports.ts'
import { retry } from '../../../../lib/retry.ts'
import { envOf, helm, mainOf, podOf } from '../../../support/chart.ts'
import { findVersitygw } from '../../../support/versitygw.ts'

const run = promisify(execFile)
const versitygw = helm && (await findVersitygw({ ci: Boolean(process.env.CI) }))

const stops: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const stop of stops) await stop()
})

/** Starts what a container would run; resolves when `ready` does. */
const start = async (
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  ready: () => Promise<unknown>,
) => {
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const exited = once(child, 'exit')
  stops.push(async () => {
    child.kill()
    await exited
  })
  await retry(ready, { delayMs: () => 100, shouldRetry: () => child.exitCode === null }).catch((cause) => {
    throw new Error(`${program} ${args.join(' ')} ended: ${stderr}`, { cause })
  })
}

describe.skipIf(!helm)('what the chart brings for trials', () => {
  it('starts a Temporal that keeps its database, and whose set-up can be run again', async () => {
    const cli = inject('temporalCli')
    const data = await mkdtemp(join(tmpdir(), 'idem-chart-temporal-'))
    const ports = { 7233: await freePort(), 8233: await freePort() }
    const args = mainOf(podOf('trial', 'Deployment/idem-temporal')).args!.map((arg) =>
      arg
        .replace('0.0.0.0', '127.0.0.1')
        .replace('=/data/', `=${data}/`)
        .replace(/port=(7233|8233)$/, (_, port: '7233' | '8233') => `port=${ports[port]}`),
    )
    const env = { HOME: data, PATH: process.env.PATH, TEMPORAL_ADDRESS: `127.0.0.1:${ports[7233]}` }
    const job = podOf('trial', 'Job/idem-temporal-setup')
    const [waiting, setUp] = job.containers.map((container) => container.args!)
    // Until there is a server the first container fails and is started again.
    await expect(run(cli, waiting!, { env })).rejects.toThrow()
    await start(cli, args, env, () => run(cli, waiting!, { env }))
    await run(cli, setUp!, { env })
    await run(cli, setUp!, { env })
    const { stdout } = await run(cli, ['operator', 'search-attribute', 'list'], { env })
    for (const [name, type] of Object.entries(searchAttributes))
      expect(stdout).toMatch(new RegExp(`${name}\\s+${type}`))
    expect((await stat(join(data, 'temporal.db'))).size).toBeGreaterThan(0)
    stops.push(() => rm(data, { recursive: true }))
  })

  it.skipIf(!versitygw)('starts a storage that is healthy and asks who is there', async () => {
    const data = await mkdtemp(join(tmpdir(), 'idem-chart-storage-'))
    const port = await freePort()
    const pod = podOf('trial', 'Deployment/idem-storage')
    const [bucket, storage] = pod.containers
    const here = (text: string) => text.replace(/^\/data/, data).replace(/^:7070$/, `127.0.0.1:${port}`)
    await run(bucket!.command![0]!, bucket!.command!.slice(1).map(here))
    const credentials = Object.fromEntries(storage!.env!.map(({ name }) => [name, 'not-a-secret']))
    await start(versitygw!, storage!.args!.map(here), credentials, async () => {
      const { ok } = await fetch(`http://127.0.0.1:${port}/health`)
      if (!ok) throw new Error('not yet')
    })
    expect((await fetch(`http://127.0.0.1:${port}/idem/some-key`)).status).toBe(403)
    // The workers keep artifacts and their keys in buckets that it has.
    const env = envOf(podOf('trial', 'Deployment/idem-worker'))
    const buckets = [env.IDEM_STORAGE, env.IDEM_KEYS].map((url) => new URL(url!).hostname)
    expect(buckets).toEqual(['idem', 'idem-keys'])
    expect(await readdir(data)).toEqual(expect.arrayContaining(buckets))
    stops.push(() => rm(data, { recursive: true }))
  })
})
