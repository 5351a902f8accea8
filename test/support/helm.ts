import { execFile } from 'node:child_process'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from './with-lock.ts'

const run = promisify(execFile)

const VERSION = 'v3.22.0'
const folder = resolve(import.meta.dirname, `../../.cache/helm-${VERSION}`)
const binary = join(folder, 'helm')

/** A build by `go install` takes an ancient Kubernetes for granted. */
const kubernetes = ['--kube-version', '1.37.0']

const hasGo = () =>
  run('go', ['version']).then(
    () => true,
    () => false,
  )

/**
 * Path of helm, built from its Go module at the first use (some minutes) and kept. Undefined where Go is missing, which
 * CI does not forgive.
 */
export const findHelm = (options: { ci: boolean }): Promise<string | undefined> => withLock('go', () => build(options))

const build = async ({ ci }: { ci: boolean }): Promise<string | undefined> => {
  if (await stat(binary).catch(() => undefined)) return binary
  if (!(await hasGo())) {
    if (ci) throw new Error('The tests of the Helm chart need Go, to build helm')
    console.warn('SKIPPED: the tests of the Helm chart. They need Go, to build helm.')
    return undefined
  }
  console.warn(`Building helm ${VERSION} for the tests of the chart; this takes some minutes once.`)
  const building = `${folder}.${process.pid}`
  await run('go', ['install', `helm.sh/helm/v3/cmd/helm@${VERSION}`], { env: { ...process.env, GOBIN: building } })
  await mkdir(folder, { recursive: true })
  await rename(join(building, 'helm'), binary)
  await rm(building, { recursive: true })
  return binary
}

export interface ChartOptions {
  /** Values files, later ones win. */
  files?: readonly string[]
  /** `--set`. */
  set?: readonly string[]
}

const valuesArgs = ({ files = [], set = [] }: ChartOptions) => [
  ...files.flatMap((file) => ['--values', file]),
  ...set.flatMap((value) => ['--set', value]),
]

/** A chart as this helm sees it. Rejects with helm's own words. */
export const createChart = (helm: string, chart: string) => {
  const call = async (args: readonly string[]) => {
    try {
      const { stdout } = await run(helm, [...args, ...kubernetes], { maxBuffer: 1 << 26 })
      return stdout
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`helm ${args[0]} failed: ${stderr}${stdout}`, { cause: error })
    }
  }
  return {
    lint: (options: ChartOptions = {}) => call(['lint', chart, '--strict', ...valuesArgs(options)]),
    template: (options: ChartOptions = {}) =>
      call(['template', 'idem', chart, '--namespace', 'idem', ...valuesArgs(options)]),
  }
}
