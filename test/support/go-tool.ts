import { execFile } from 'node:child_process'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { projectDir } from '../../lib/project-dir.ts'
import { succeeds } from '../../lib/succeeds.ts'
import { withLock } from './with-lock.ts'

const run = promisify(execFile)

export interface GoTool {
  name: string
  version: string
  /** What `go install` builds. */
  module: string
  /** For messages: `the Helm chart`. */
  testsOf: string
}

const build = async ({ name, version, module, testsOf }: GoTool, { ci }: { ci: boolean }) => {
  const folder = join(projectDir, '.cache', `${name}-${version}`)
  const binary = join(folder, name)
  if (await succeeds(stat(binary))) return binary
  if (!(await succeeds(run('go', ['version'])))) {
    if (ci) throw new Error(`The tests of ${testsOf} need Go, to build ${name}`)
    console.warn(`SKIPPED: the tests of ${testsOf}. They need Go, to build ${name}.`)
    return undefined
  }
  console.warn(`Building ${name} ${version} for the tests of ${testsOf}; this takes some minutes once.`)
  const building = `${folder}.${process.pid}`
  await run('go', ['install', `${module}@${version}`], { env: { ...process.env, GOBIN: building } })
  await mkdir(folder, { recursive: true })
  await rename(join(building, basename(module)), binary)
  await rm(building, { recursive: true })
  return binary
}

/**
 * Path of a program, built from its Go module at the first use and kept in `.cache`. Undefined if Go is missing; with `ci`
 * that is an error.
 */
export const findGoTool = (tool: GoTool, options: { ci: boolean }): Promise<string | undefined> =>
  withLock('go', () => build(tool, options))
