import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { succeeds } from '../../lib/succeeds.ts'
import { withLock } from './with-lock.ts'

const exec = promisify(execFile)

const requirements = join(import.meta.dirname, 'python-clients.txt')
const cacheDir = resolve(import.meta.dirname, '../../.cache')
const installTimeoutMs = 600_000
const maxOutputBytes = 64 * 1024 * 1024

export interface Python {
  readonly path: string
  /** What finds the packages. */
  readonly env: NodeJS.ProcessEnv
}

const works = (path: string, ...args: string[]) => succeeds(exec(path, args))

const exists = (file: string) => succeeds(stat(file))

/** Puts the packages into `folder`: an environment, or bare packages where Python comes without venv. */
const install = async (folder: string): Promise<void> => {
  const options = ['--disable-pip-version-check', '--no-input', '--quiet', '--requirement', requirements]
  const limits = { timeout: installTimeoutMs, maxBuffer: maxOutputBytes }
  if (await works('python3', '-m', 'venv', '--clear', folder)) {
    await exec(join(folder, 'bin/python'), ['-m', 'pip', 'install', ...options], limits)
    return
  }
  await rm(folder, { recursive: true, force: true })
  await exec('python3', ['-m', 'pip', 'install', '--target', join(folder, 'packages'), ...options], limits)
}

const inFolder = async (folder: string): Promise<Python> => {
  const path = join(folder, 'bin/python')
  return (await exists(path)) ? { path, env: {} } : { path: 'python3', env: { PYTHONPATH: join(folder, 'packages') } }
}

/**
 * A Python with the clients in `python-clients.txt`; they are installed at the first use (half a minute) and kept.
 * Undefined where Python 3.10 with venv or pip is missing, which CI does not forgive.
 */
export const findPythonClients = (options: { ci: boolean }): Promise<Python | undefined> =>
  withLock('pip', () => find(options))

const find = async ({ ci }: { ci: boolean }): Promise<Python | undefined> => {
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12)
  const folder = join(cacheDir, `python-clients-${hash}`)
  if (await exists(folder)) {
    const kept = await inFolder(folder)
    if (await works(kept.path, '-c', '')) return kept
    // Made by a Python that has gone since.
    await rm(folder, { recursive: true })
  }

  const recent = await works('python3', '-c', 'import sys; assert sys.version_info >= (3, 10)')
  const installs =
    (await works('python3', '-m', 'pip', '--version')) || (await works('python3', '-c', 'import ensurepip'))
  if (!recent || !installs) {
    if (ci) throw new Error('The tests with clients in Python need Python 3.10 or newer, with venv or pip')
    console.warn('SKIPPED: the tests with clients in Python. They need Python 3.10 or newer, with venv or pip.')
    return undefined
  }
  console.warn('Installing clients in Python for the tests; this takes half a minute once.')
  const part = `${folder}.${process.pid}.part`
  try {
    await install(part)
    // Another test file may have done the same meanwhile.
    await rename(part, folder).catch(async (error: Error) => {
      if (!(await exists(folder))) throw error
    })
  } finally {
    await rm(part, { recursive: true, force: true })
  }
  return inFolder(folder)
}
