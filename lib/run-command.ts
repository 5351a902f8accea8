import { errorCode } from './error-code.ts'

/** Wrong usage of a command. Only the message is shown. */
export class UsageError extends Error {
  override name = 'UsageError'
}

const isParseArgsError = (error: unknown) => errorCode(error).startsWith('ERR_PARSE_ARGS')

/** A failure with a specific exit code. */
export class CommandFailure extends Error {
  override name = 'CommandFailure'
  readonly exitCode: number
  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * Runs a command; `--help` prints `help`. If `main` throws, the error and its causes are printed and the exit code is
 * 1. For a `UsageError` or a malformed option the causes are not printed and the exit code is 2. A `CommandFailure` has
 * its own exit code.
 *
 * @example
 * await runCommand('Prints a greeting.', async () => console.log('hello'))
 */
export const runCommand = async (help: string, main: () => Promise<void>): Promise<void> => {
  if (process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) {
    console.log(help)
    return
  }
  try {
    await main()
  } catch (error) {
    const usage = error instanceof UsageError || isParseArgsError(error)
    console.error(`error: ${(error as Error).message}`)
    for (let cause = (error as Error).cause; !usage && cause; cause = (cause as Error).cause) {
      console.error(`  because: ${(cause as Error).message ?? cause}`)
    }
    if (usage) console.error('See --help.')
    process.exitCode = error instanceof CommandFailure ? error.exitCode : usage ? 2 : 1
  }
}

/** Calls `parse`, and turns its errors into `UsageError`s. */
export const asUsage = <T>(parse: () => T): T => {
  try {
    return parse()
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
