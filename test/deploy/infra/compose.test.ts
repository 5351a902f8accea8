import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { searchAttributes } from '../../../contracts/search-attributes.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { projectDir as root } from '../../../lib/project-dir.ts'
import { readPlaces } from '../../../storage/config.ts'
import { parseS3Url } from '../../../storage/drivers/s3/s3-url.ts'
import { parseRetention, parseSecrets } from '../../../storage/parse-storage-config.ts'
import {
  type ComposeModel,
  composeFolder,
  environmentOf,
  findComposeGo,
  interpolate,
  loadCompose,
  variablesIn,
} from '../../support/compose.ts'

const run = promisify(execFile)
const composeGo = await findComposeGo({ ci: Boolean(process.env.CI) })
const read = (name: string) => readFile(join(composeFolder, name), 'utf8')
const idem = ['api', 'worker', 'gpu']

let home: string
let secrets: Record<string, string>
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'idem-compose-'))
  await run('sh', [join(composeFolder, 'setup.sh'), join(home, '.env')])
  const lines = (await readFile(join(home, '.env'), 'utf8')).split('\n').filter((line) => /^\w/.test(line))
  secrets = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
})
afterAll(() => rm(home, { recursive: true }))

describe('setup.sh', () => {
  it('makes secrets that Idem takes, for their owner alone', async () => {
    expect((await stat(join(home, '.env'))).mode & 0o777).toBe(0o600)
    expect(await readdir(home)).toEqual(['.env'])
    expect(() => parseSecrets(secrets.IDEM_WEBHOOK_SECRET!)).not.toThrow()
    expect(() => parseKeyRing(secrets.IDEM_ENCRYPTION_KEYS!)).not.toThrow()
    expect(new Set(Object.values(secrets)).size).toBe(6)
  })

  it('makes others each time, and leaves those alone that are there', async () => {
    const other = join(home, 'other')
    await run('sh', [join(composeFolder, 'setup.sh'), other])
    const first = await readFile(other, 'utf8')
    for (const secret of Object.values(secrets)) expect(first).not.toContain(secret)
    await run('sh', [join(composeFolder, 'setup.sh'), other])
    expect(await readFile(other, 'utf8')).toBe(first)
    await rm(other)
  })

  it('writes where git does not look', async () => {
    await run('git', ['check-ignore', '--quiet', join(composeFolder, '.env')], { cwd: root })
  })
})

describe.skipIf(!composeGo)('the compose files', () => {
  let plain: ComposeModel
  let cuda: ComposeModel
  beforeAll(async () => {
    plain = await loadCompose(composeGo!, ['compose.yaml'])
    cuda = await loadCompose(composeGo!, ['compose.yaml', 'compose.cuda.yaml'])
  })

  it('are refused where they are not to the specification', async () => {
    await expect(loadCompose(composeGo!, [join(root, 'package.json')])).rejects.toThrow('additional properties')
  })

  it('need the secrets, and have none', async () => {
    const yaml = (await read('compose.yaml')) + (await read('compose.cuda.yaml'))
    for (const [name, value] of Object.entries(secrets)) {
      // A .env that an earlier release has made lacks the token of the codec server, which is off without it.
      expect(yaml).toContain(`\${${name}:${name === 'IDEM_CODEC_TOKEN' ? '-' : '?'}`)
      expect(yaml).not.toContain(value)
    }
    expect(() => interpolate(yaml, {})).toThrow('run infra/compose/setup.sh first')
    const known = [...Object.keys(secrets), 'STORAGE_PUBLIC_URL']
    const others = variablesIn(yaml).filter((name) => !known.includes(name))
    for (const name of others) expect(name).toMatch(/^IDEM_/)
  })

  it('name every image exactly, by digest where it is not built', () => {
    for (const [name, { image, build, pull_policy }] of Object.entries({
      ...cuda.services,
      plain: plain.services.gpu!,
    })) {
      if (build)
        expect([image, pull_policy], name).toEqual([expect.stringMatching(/^idem(-cuda)?:\d+\.\d+\.\d+$/), 'build'])
      else expect(image, name).toMatch(/^docker\.io\/[a-z/-]+:v?\d+\.\d+(\.\d+)?(-\w+)?@sha256:[0-9a-f]{64}$/)
    }
  })

  it('publish on loopback alone, and PostgreSQL not at all', () => {
    const published = Object.entries(plain.services).flatMap(([name, { ports = [] }]) =>
      ports.map(({ host_ip, published: port }: Record<string, string>) => `${name} ${host_ip}:${port}`),
    )
    expect(published.sort()).toEqual(['api 127.0.0.1:8787', 'storage 127.0.0.1:7070', 'temporal-ui 127.0.0.1:8233'])
    expect(plain.networks.database?.internal).toBe(true)
    const near = Object.entries(plain.services).filter(([, { networks }]) => networks && 'database' in networks)
    expect(near.map(([name]) => name).sort()).toEqual(['postgres', 'temporal', 'temporal-schema'])
  })

  it('harden every service', () => {
    for (const [name, service] of Object.entries(cuda.services)) {
      expect(service.cap_drop, name).toEqual(['ALL'])
      expect(service.security_opt, name).toEqual(['no-new-privileges:true'])
      expect(service.read_only ?? false, name).toBe(name !== 'temporal-ui')
      expect(service.restart, name).toMatch(/^(unless-stopped|on-failure:20)$/)
      expect(service.privileged, name).toBeUndefined()
    }
  })

  it('wait for what a service needs, in a state that it can be in', () => {
    for (const [name, { depends_on = {} }] of Object.entries(plain.services)) {
      for (const [needed, { condition }] of Object.entries(depends_on as Record<string, { condition: string }>)) {
        const { restart, healthcheck } = plain.services[needed]!
        const once = restart !== 'unless-stopped'
        expect([name, needed, condition]).toEqual([
          name,
          needed,
          once ? 'service_completed_successfully' : 'service_healthy',
        ])
        if (!once) expect(healthcheck, needed).toBeDefined()
      }
    }
  })

  it('set nothing that Idem does not read', async () => {
    const folders = ['api', 'worker', 'cli', 'storage', 'telemetry', 'lib']
    const configs = await Promise.all(
      folders.map(async (folder) => {
        const names = await readdir(join(root, folder), { recursive: true })
        const files = names.filter((name) => /config\.ts$|open-s3-store\.ts$|s3-url\.ts$/.test(name))
        return Promise.all(files.map((name) => readFile(join(root, folder, name), 'utf8')))
      }),
    )
    const text = configs.flat().join()
    for (const name of idem) {
      for (const variable of Object.keys(environmentOf(plain.services[name]!, secrets))) {
        // Temporal's own are read by its SDK.
        if (!variable.startsWith('TEMPORAL_')) expect(text, variable).toContain(variable)
      }
    }
  })

  it('give Idem settings that it takes, the same to each role', () => {
    const [api, worker, gpu] = idem.map((name) => environmentOf(plain.services[name]!, secrets))
    const { IDEM_TOKENS, IDEM_CODEC_TOKEN, IDEM_CORS_ORIGINS, ...shared } = api!
    expect(IDEM_TOKENS).toBe('/var/lib/idem/tokens.json')
    expect(IDEM_CODEC_TOKEN).toBe(secrets.IDEM_CODEC_TOKEN)
    expect(IDEM_CORS_ORIGINS).toBe('')
    expect(worker).toEqual(shared)
    expect(gpu).toEqual({ ...shared, IDEM_EXECUTION_PROVIDER: 'cpu' })
    expect(environmentOf(cuda.services.gpu!, secrets)).toEqual({ ...shared, IDEM_EXECUTION_PROVIDER: 'cuda' })
    expect(parseRetention(shared.IDEM_RETENTION)).toBe(24 * 3600 * 1000)
    expect(parseS3Url(readPlaces(shared).storageUrl)).toMatchObject({
      bucket: 'idem',
      endpoint: 'http://storage:7070',
      publicEndpoint: 'http://127.0.0.1:7070',
      style: 'path',
      region: 'us-east-1',
    })
  })

  it('run a worker for every queue, and give the GPU to the one that diffuses', () => {
    expect(plain.services.worker!.command).toEqual(['worker', '--queues', 'control,cpu'])
    expect(plain.services.gpu!.command).toEqual(['worker', '--queues', 'gpu'])
    expect(plain.services.gpu!.build!.target).toBe('cpu')
    expect(cuda.services.gpu!.build).toMatchObject({
      context: root,
      dockerfile: 'infra/docker/Dockerfile',
      target: 'cuda',
    })
    expect(cuda.services.gpu!.deploy.resources.reservations.devices).toEqual([
      { driver: 'nvidia', count: 1, capabilities: ['gpu'] },
    ])
    for (const name of ['api', 'worker']) expect(cuda.services[name]).toEqual(plain.services[name])
  })

  it('register the search attributes that Idem uses', async () => {
    const found = [...(await read('temporal-setup.sh')).matchAll(/--name (\w+) --type (\w+)/g)]
    expect(Object.fromEntries(found.map(([, name, type]) => [name, type]))).toEqual(searchAttributes)
  })

  it('start Temporal with the dynamic settings of `npm start`', async () => {
    const settings: Record<string, { value: unknown }[]> = parse(await read('dynamic-config.yaml'))
    const server = await readFile(join(root, 'cli/stack/dev-server.ts'), 'utf8')
    const given = [...server.matchAll(/'((?:history|matching)\.\w+)=(.*)',/g)].map(([, name, value]) => [
      name,
      [{ value: JSON.parse(value!) }],
    ])
    expect(settings).toEqual(Object.fromEntries(given))
  })

  it('mount what is there', async () => {
    for (const { volumes = [] } of Object.values(plain.services)) {
      for (const { type, source } of volumes as { type: string; source: string }[]) {
        if (type === 'bind') expect((await stat(source)).isFile(), source).toBe(true)
        else expect(plain.volumes).toHaveProperty(source)
      }
    }
  })
})
