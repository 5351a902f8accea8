import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findGoTool } from './go-tool.ts'

const run = promisify(execFile)

/** A build by `go install` takes an ancient Kubernetes for granted. */
const kubernetes = ['--kube-version', '1.37.0']

const tool = {
  name: 'helm',
  version: 'v3.22.0',
  module: 'helm.sh/helm/v3/cmd/helm',
  testsOf: 'the Helm chart',
}

export const findHelm = (options: { ci: boolean }): Promise<string | undefined> => findGoTool(tool, options)

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
