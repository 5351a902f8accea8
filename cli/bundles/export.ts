import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface ExportOptions {
  /** Options of the Python exporter, as given. */
  args: readonly string[]
  /** infra/export. */
  project: string
  /** Where the Python environment is made at first use. */
  venv: string
  /** An interpreter that has what the exporter needs, in place of the environment. */
  python?: string
  env: NodeJS.ProcessEnv
}

const run = async (command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const child = spawn(command, args, { stdio: 'inherit', env })
  // Rejects where the child reports an error: it could not be started.
  const [code] = await once(child, 'exit').catch((cause) => {
    throw new Error(`Cannot run ${command}`, { cause })
  })
  return Number(code ?? 1)
}

/** Makes the environment, or makes it again where the pinned requirements have changed. */
const prepareVenv = async ({ project, venv, env }: ExportOptions): Promise<string> => {
  const python = join(venv, 'bin', 'python')
  const requirements = join(project, 'requirements.txt')
  const wanted = await readFile(requirements, 'utf8')
  const marker = join(venv, 'requirements.installed')
  const ready = await stat(python).catch(() => undefined)
  if (ready && (await readFile(marker, 'utf8').catch(() => '')) === wanted) return python
  console.error(`Making a Python environment in ${venv}; torch alone is some gigabytes, this takes minutes once`)
  if ((await run('python3', ['-m', 'venv', '--clear', venv], env)) !== 0) {
    throw new Error('Python 3.11 or newer with venv is needed to export')
  }
  const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--progress-bar', 'off', '-r', requirements]
  if ((await run(python, install, env)) !== 0) throw new Error(`pip could not install ${requirements}`)
  await writeFile(marker, wanted)
  return python
}

/** Runs the exporter; resolves with its exit code. It says itself what went wrong. */
export const runExport = async (options: ExportOptions): Promise<number> => {
  const python = options.python ?? (await prepareVenv(options))
  const quiet = { HF_HUB_OFFLINE: '1', TRANSFORMERS_VERBOSITY: 'error', HF_HUB_DISABLE_PROGRESS_BARS: '1' }
  const env = { ...options.env, ...quiet, PYTHONPATH: options.project, TQDM_DISABLE: '1' }
  return run(python, ['-W', 'ignore', '-m', 'idem_export', ...options.args], env)
}
