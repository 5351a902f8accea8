import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { checkNode, checkPorts, isAtLeast } from '../../../cli/checks/check-machine.ts'
import { checkSecrets, checkStorage } from '../../../cli/checks/check-storage.ts'
import { checkTemporal } from '../../../cli/checks/check-temporal.ts'
import { type Finding, gap, ok, runChecks } from '../../../cli/checks/finding.ts'
import { searchAttributes } from '../../../contracts/search-attributes.ts'
import { freePort } from '../../../lib/ports.ts'
import { createFileStore } from '../../../storage/drivers/file/file-store.ts'
import { parseDevices } from '../../../worker/devices.ts'
import { eventually } from '../../support/eventually.ts'
import { runScript } from '../../support/run-process.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idem-doctor-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const doctor = async (env: Record<string, string>, ...args: string[]) => {
  const defaults = { IDEM_STATE: join(folder, 'state'), TEMPORAL_ADDRESS: inject('temporalAddress') }
  return runScript('cli/doctor.ts', args, { env: { ...process.env, ...defaults, ...env } })
}

const statusOf = (findings: readonly Finding[]) =>
  Object.fromEntries(findings.map(({ check, status }) => [check, status]))

describe('npm run doctor', () => {
  it('exits with 0 where everything needed is available', async () => {
    const { code, stdout } = await doctor({ IDEM_EXECUTION_PROVIDER: 'cpu' }, '--json')
    const report = JSON.parse(stdout) as { ok: boolean; findings: Finding[] }
    expect(report.findings.filter(({ status }) => status === 'gap')).toEqual([])
    expect(code).toBe(0)
    expect(report.ok).toBe(true)
    expect(statusOf(report.findings)).toMatchObject({
      node: 'ok',
      bundle: 'ok',
      'provider cpu': 'ok',
      'secret IDEM_WEBHOOK_SECRET': 'ok',
      storage: 'ok',
      temporal: 'ok',
      namespace: 'ok',
      'search attributes': 'ok',
    })
    expect(report.findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['gpu', 'provider cuda', 'provider webgpu', 'queue control', 'queue gpu', 'ports']),
    )
  })

  it('exits with 1 and says what to do about each gap', async () => {
    // One changed byte in the middle of a network.
    const models = join(folder, 'models')
    await cp('models/demo', models, { recursive: true })
    const network = join(models, 'vae_decoder.onnx')
    const bytes = await readFile(network)
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(network, bytes)
    const file = join(folder, 'a-file')
    await writeFile(file, '')
    const closed = `127.0.0.1:${await freePort()}`
    const { code, stdout } = await doctor({
      IDEM_MODELS: models,
      IDEM_STORAGE: `file:${file}/artifacts`,
      IDEM_WEBHOOK_SECRET: 'whsec_tooShort',
      IDEM_EXECUTION_PROVIDER: 'magic',
      TEMPORAL_ADDRESS: closed,
    })
    expect(code).toBe(1)
    const gaps = stdout.split('\n').filter((line) => line.startsWith('GAP'))
    expect(gaps).toEqual([
      expect.stringContaining('vae_decoder.onnx has the sha256'),
      expect.stringContaining('IDEM_EXECUTION_PROVIDER is "magic"'),
      expect.stringContaining('secret IDEM_WEBHOOK_SECRET'),
      expect.stringContaining('storage'),
      expect.stringContaining(`temporal                     ${closed}: `),
    ])
    expect(stdout).toContain('→ set it to whsec_BASE64')
    expect(stdout).not.toContain('tooShort')
    expect(stdout.trimEnd()).toMatch(/\n5 missing: see GAP above$/)
  })

  it('takes no other arguments', async () => {
    expect((await doctor({}, '--fix')).code).toBe(2)
  })
})

describe('what the doctor says of Temporal', () => {
  const check = (address: string | undefined, namespace: string, { cacheDir = folder, buildId = '' } = {}) =>
    checkTemporal({
      connectionOptions: address ? { address } : {},
      namespace,
      buildId: buildId || undefined,
      path: '',
      cacheDir,
    })

  it('names the command that makes a namespace, or its search attributes', async () => {
    const address = inject('temporalAddress')
    const missing = await check(address, 'nobody-made-it')
    expect(statusOf(missing)).toEqual({ temporal: 'ok', namespace: 'gap' })
    expect(missing[1]!.advice).toEqual([
      expect.stringContaining('temporal operator namespace create --namespace nobody-made-it'),
    ])

    const connection = await Connection.connect({ address })
    await connection.workflowService.registerNamespace({
      namespace: 'doctor-bare',
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    })
    await connection.close()
    // A new namespace takes some seconds to be known everywhere.
    const bare = await eventually(async () => {
      const findings = await check(address, 'doctor-bare')
      expect(statusOf(findings)).toMatchObject({ namespace: 'ok', 'queue gpu': 'note' })
      return findings
    })
    expect(bare.find(({ check: name }) => name === 'search attributes')).toMatchObject({
      status: 'gap',
      what: `doctor-bare lacks ${Object.entries(searchAttributes)
        .map(([name, type]) => `${name} (${type})`)
        .join(', ')}`,
      advice: Object.entries(searchAttributes).map(
        ([name, type]) =>
          `temporal operator search-attribute create --namespace doctor-bare --name ${name} --type ${type}`,
      ),
    })
  })

  it('says when a build gets no workflows', async () => {
    const findings = await check(inject('temporalAddress'), 'default', { buildId: 'never-started' })
    const build = findings.find(({ check: name }) => name === 'build')
    expect(build).toMatchObject({ status: 'note' })
    expect(build!.advice![0]).toContain('--deployment-name idem --build-id never-started')
  })
})

describe('what the doctor says of this machine', () => {
  it('compares versions by number', () => {
    expect(isAtLeast('20.20.2', '20.11')).toBe(true)
    expect(isAtLeast('20.9.0', '20.11')).toBe(false)
    expect(isAtLeast('22.0.0', '20.11')).toBe(true)
    expect(isAtLeast('20.11.0', '20.11')).toBe(true)
  })

  it('asks for a newer Node', async () => {
    expect(await checkNode('18.20.0')).toMatchObject({ status: 'gap', advice: ['install Node 20.12 or newer'] })
  })

  it('reads what nvidia-smi prints', () => {
    expect(parseDevices('NVIDIA H100 80GB HBM3, 81559, 81007, 580.65.06\n')).toEqual([
      { name: 'NVIDIA H100 80GB HBM3', totalMiB: 81559, freeMiB: 81007, driver: '580.65.06' },
    ])
    expect(parseDevices('')).toEqual([])
  })

  it('sees a port that is taken', async () => {
    const port = await freePort()
    const options = { host: '127.0.0.1', port, stateDir: join(folder, 'nothing-runs') }
    expect((await checkPorts(options)).what).not.toContain(`in use: API ${port}`)
    const server = createServer().listen(port, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    expect(await checkPorts(options)).toMatchObject({
      status: 'note',
      what: expect.stringContaining(`in use: API ${port}`),
    })
    server.close()
  })

  it('leaves nothing in the storage', async () => {
    const root = join(folder, 'artifacts')
    const store = createFileStore({ root, publicUrl: 'http://127.0.0.1:1', signingKey: new Uint8Array(32) })
    expect(await checkStorage('file:artifacts', store)).toMatchObject({ status: 'ok' })
    expect((await store.list('')).artifacts).toEqual([])
  })

  it('notices a storage that forgets, one that keeps, and one that fails', async () => {
    const root = join(folder, 'broken')
    const store = createFileStore({ root, publicUrl: 'http://127.0.0.1:1', signingKey: new Uint8Array(32) })
    const whats = await Promise.all(
      [
        { ...store, get: async () => undefined },
        { ...store, delete: async () => undefined },
        {
          ...store,
          put: async () => {
            throw new Error('disk full')
          },
        },
      ].map(async (broken) => (await checkStorage('file:x', broken)).what),
    )
    expect(whats).toEqual([
      'file:x: what has been written does not come back',
      'file:x: what has been deleted is still there',
      'file:x: an artifact cannot be written: disk full',
    ])
  })

  it('asks for the same secrets on all machines where the storage is shared', async () => {
    const config = { stateDir: folder, webhookSecret: undefined, encryptionKeys: `a:${'A'.repeat(43)}=` }
    expect(statusOf(await checkSecrets({ ...config, storage: 's3://bucket' }))).toEqual({
      'secret IDEM_WEBHOOK_SECRET': 'note',
      'secret IDEM_ENCRYPTION_KEYS': 'ok',
    })
    expect(statusOf(await checkSecrets({ ...config, storage: 'file:x' }))).toMatchObject({
      'secret IDEM_WEBHOOK_SECRET': 'ok',
    })
  })

  it('goes on after a check that throws', async () => {
    const seen: Finding[] = []
    const checks = {
      first: async () => {
        throw new Error('no bundle', { cause: new Error('no file') })
      },
      second: async () => [ok('second', 'there')],
    }
    const findings = await runChecks(checks, (finding) => seen.push(finding))
    expect(findings).toEqual([gap('first', 'no bundle: no file'), ok('second', 'there')])
    expect(seen).toEqual(findings)
  })
})
