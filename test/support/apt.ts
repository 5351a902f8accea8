import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'
import { succeeds } from '../../lib/succeeds.ts'
import { withLock } from './with-lock.ts'

const run = promisify(execFile)

const isThere = (file: string): Promise<boolean> => succeeds(access(file))

/** Installs Debian packages where an executable of theirs is missing. */
export const ensureInstalled = (executable: string, packages: readonly string[]): Promise<void> =>
  withLock('apt', async () => {
    if (await isThere(executable)) return
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    try {
      await run('apt-get', ['update'], { env })
      await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env })
    } catch (cause) {
      throw new Error(`These tests need ${executable}; apt-get could not install it`, { cause })
    }
  })
