import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../lib/ports.ts'
import { succeeds } from '../../lib/succeeds.ts'
import { withLock } from './with-lock.ts'

const run = promisify(execFile)

const cache = resolve(import.meta.dirname, '../../.cache/prometheus')
const exists = (path: string) => succeeds(stat(path))

/** Debian's package, unpacked and not installed: nothing of it runs but what a test starts. */
const unpack = async (): Promise<string> => {
  await mkdir(resolve(cache, '..'), { recursive: true })
  const folder = await mkdtemp(`${cache}.`)
  try {
    const download = () => run('apt-get', ['download', 'prometheus'], { cwd: folder })
    // A fresh machine has no lists of packages.
    await download().catch(async () => {
      await run('apt-get', ['update'])
      await download()
    })
    const [file] = (await readdir(folder)).filter((name) => name.endsWith('.deb'))
    await run('dpkg-deb', ['-x', file!, 'root'], { cwd: folder })
    await rm(cache, { recursive: true, force: true })
    await rename(join(folder, 'root'), cache)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return join(cache, 'usr/bin')
}

/** Folder with `prometheus` and `promtool`: of the PATH, or of the package. */
const findFolder = async (): Promise<string> => {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(cache, 'usr/bin')]
  for (const folder of folders) {
    if ((await exists(join(folder, 'promtool'))) && (await exists(join(folder, 'prometheus')))) return folder
  }
  return unpack()
}

/** Undefined where neither can be had, which CI does not forgive. */
export const findPrometheus = async ({ ci }: { ci: boolean }): Promise<string | undefined> => {
  try {
    return await withLock('apt', findFolder)
  } catch (cause) {
    if (ci) throw new Error('The tests of metrics need prometheus and promtool, or apt-get', { cause })
    console.warn('SKIPPED: tests with promtool. They need prometheus and promtool, or apt-get.')
    return undefined
  }
}

/** Runs promtool; rejects with its own words. */
export const promtool = async (folder: string, args: readonly string[], input?: string): Promise<string> => {
  const child = spawn(join(folder, 'promtool'), args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`promtool ${args.join(' ')} ended with ${code}: ${output}`)
  return output
}

/** A real Prometheus that scrapes these targets (host:port by job) every second. */
export const startPrometheus = async (folder: string, targets: Record<string, readonly string[]>) => {
  const dir = await mkdtemp(join(tmpdir(), 'idem-prometheus-'))
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [resolve('infra/observability/alerts.yaml')],
    scrape_configs: Object.entries(targets).map(([job, hosts]) => ({
      job_name: job,
      static_configs: [{ targets: hosts }],
    })),
  }
  // JSON is YAML.
  await writeFile(join(dir, 'prometheus.yml'), JSON.stringify(config))
  const url = `http://127.0.0.1:${await freePort()}`
  const child = spawn(
    join(folder, 'prometheus'),
    [`--config.file=${join(dir, 'prometheus.yml')}`, `--storage.tsdb.path=${join(dir, 'data')}`].concat(
      `--web.listen-address=${new URL(url).host}`,
    ),
    { stdio: 'ignore' },
  )
  const exited = once(child, 'exit')
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}/api/v1/${path}`)
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string }
    if (status !== 'success') throw new Error(`Prometheus: ${error}`)
    return data
  }
  return {
    get,
    /** What an expression gives now: one value a series. */
    query: async (expression: string) => {
      const { result } = await get<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expression)}`,
      )
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
    },
    stop: async () => {
      child.kill('SIGTERM')
      await exited
      await rm(dir, { recursive: true, force: true })
    },
  }
}
