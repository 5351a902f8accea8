import { errorCode } from './error-code.ts'

/** The user's mistake: only its message is shown. */
export class UsageError extends Error {
  override name = 'UsageError'
}

const isParseArgsError = (error: unknown) => errorCode(error).startsWith('ERR_PARSE_ARGS')

/** A failure with its own exit code. */
export class CommandFailure extends Error {
  override name = 'CommandFailure'
  readonly exitCode: number
  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * Runs a command: `--help` prints `help`. What `main` throws is printed, with what caused it, and ends the process with
 * exit code 1; a `UsageError`, or a malformed option, with 2 and without its causes; a `CommandFailure` with its own.
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

/** What `parse` returns; the error that it throws becomes a `UsageError`. */
export const asUsage = <T>(parse: () => T): T => {
  try {
    return parse()
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
