import { execFile } from 'node:child_process'
import { rename, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { succeeds } from '../../lib/succeeds.ts'
import { withLock } from './with-lock.ts'

const run = promisify(execFile)

/** Its schemas are those of Kubernetes 1.37 and older. */
const PACKAGE = 'kubernetes-validate==1.37.0'
const folder = resolve(import.meta.dirname, `../../.cache/${PACKAGE.replace('==', '-')}`)

const installed = () => succeeds(stat(folder))

/** Fetches kubernetes-validate through pip at the first use (some 110 MB unpacked) and keeps it. */
const install = async () => {
  if (await installed()) return
  console.warn(`Fetching ${PACKAGE} for the tests of the Helm chart.`)
  const building = `${folder}.${process.pid}`
  await run('python3', [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-warn-script-location'],
    ...['--target', building, PACKAGE],
  ])
  await rename(building, folder).catch(async (error) => {
    // Another process was faster.
    await rm(building, { recursive: true })
    if (!(await installed())) throw error
  })
}

/** Checks a file of manifests against the schemas of a Kubernetes release, offline. Rejects with what it found. */
export const kubernetesValidate = async (file: string, version: string): Promise<string> => {
  await withLock('pip', install)
  const args = ['-m', 'kubernetes_validate', '--strict', '--kubernetes-version', version, file]
  try {
    const { stdout, stderr } = await run('python3', args, { env: { ...process.env, PYTHONPATH: folder } })
    return stdout + stderr
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`Not as Kubernetes ${version} takes it: ${stdout}${stderr}`, { cause: error })
  }
}
