import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorCode } from '../lib/error-code.ts'
import { UsageError } from '../lib/run-command.ts'

/**
 * Creates the folder that an option names, and its parents one by one: `mkdir` with `recursive` hangs below a folder
 * such as /proc, where no folder can be created. Throws `UsageError`.
 */
export const makeFolder = async (option: string, folder: string): Promise<void> => {
  const refuse = (why: string) => new UsageError(`${option}: cannot create the folder ${folder}: ${why}`)
  const make = async (path: string): Promise<void> => {
    const info = await stat(path).catch(() => undefined)
    if (info?.isDirectory()) return
    if (info) throw refuse(`${path} is a file`)
    if (dirname(path) !== path) await make(dirname(path))
    await mkdir(path).catch((error: Error) => {
      // Another process may have created it.
      if (errorCode(error) !== 'EEXIST') throw refuse(errorCode(error) || error.message)
    })
  }
  await make(resolve(folder))
}
