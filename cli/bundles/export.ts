import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface ExportOptions {
  /** Arguments of the Python exporter. */
  args: readonly string[]
  /** Path of infra/export. */
  project: string
  /** Path of the Python environment, which is created at first use. */
  venv: string
  /** An interpreter with the requirements installed, used instead of the environment. */
  python?: string
  env: NodeJS.ProcessEnv
}

const run = async (command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const child = spawn(command, args, { stdio: 'inherit', env })
  // Rejects if the process could not be started.
  const [code] = await once(child, 'exit').catch((cause) => {
    throw new Error(`Cannot run ${command}`, { cause })
  })
  return Number(code ?? 1)
}

/** Creates the environment, or recreates it if the pinned requirements have changed. */
const prepareVenv = async ({ project, venv, env }: ExportOptions): Promise<string> => {
  const python = join(venv, 'bin', 'python')
  const requirements = join(project, 'requirements.txt')
  const wanted = await readFile(requirements, 'utf8')
  const marker = join(venv, 'requirements.installed')
  const ready = await stat(python).catch(() => undefined)
  if (ready && (await readFile(marker, 'utf8').catch(() => '')) === wanted) return python
  console.error(
    `Creating a Python environment in ${venv}. This downloads torch (several GB) and takes minutes, but only once`,
  )
  if ((await run('python3', ['-m', 'venv', '--clear', venv], env)) !== 0) {
    throw new Error('Cannot create a Python environment: the export needs Python 3.11 or newer with venv')
  }
  const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--progress-bar', 'off', '-r', requirements]
  if ((await run(python, install, env)) !== 0) throw new Error(`pip could not install ${requirements}`)
  await writeFile(marker, wanted)
  return python
}

/** Runs the exporter and resolves with its exit code. The exporter prints its own errors. */
export const runExport = async (options: ExportOptions): Promise<number> => {
  const python = options.python ?? (await prepareVenv(options))
  const quiet = { HF_HUB_OFFLINE: '1', TRANSFORMERS_VERBOSITY: 'error', HF_HUB_DISABLE_PROGRESS_BARS: '1' }
  const env = { ...options.env, ...quiet, PYTHONPATH: options.project, TQDM_DISABLE: '1' }
  return run(python, ['-W', 'ignore', '-m', 'idem_export', ...options.args], env)
}
