import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorCode } from '../lib/error-code.ts'
import { UsageError } from '../lib/run-command.ts'

/**
 * Makes the folder of an option, and those above it. One at a time: `mkdir` with `recursive` never ends below a folder such
 * as /proc, which takes none. Throws `UsageError`.
 */
export const makeFolder = async (option: string, folder: string): Promise<void> => {
  const refuse = (why: string) => new UsageError(`${option}: cannot make the folder ${folder}: ${why}`)
  const make = async (path: string): Promise<void> => {
    const info = await stat(path).catch(() => undefined)
    if (info?.isDirectory()) return
    if (info) throw refuse(`${path} is a file`)
    if (dirname(path) !== path) await make(dirname(path))
    await mkdir(path).catch((error: Error) => {
      // Another process was quicker.
      if (errorCode(error) !== 'EEXIST') throw refuse(errorCode(error) || error.message)
    })
  }
  await make(resolve(folder))
}
