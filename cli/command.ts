/** The user's mistake: its message alone is shown. */
export class UsageError extends Error {
  override name = 'UsageError'
}

const isParseArgsError = (error: unknown) =>
  error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')

/** Something went wrong that has an exit code of its own. */
export class CommandFailure extends Error {
  override name = 'CommandFailure'
  readonly exitCode: number
  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * Runs a command: `--help` prints `help`, a user's mistake one line and exit code 2, anything else that throws its
 * message and exit code 1.
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

/** The number of an option, or undefined where it is not given. Throws `UsageError` outside its range. */
export const numberOption = (
  name: string,
  value: string | undefined,
  { integer = false, min, max }: { integer?: boolean; min: number; max: number },
): number | undefined => {
  if (value === undefined) return undefined
  const number = Number(value)
  const fits = value.trim() !== '' && number >= min && number <= max && (!integer || Number.isInteger(number))
  if (!fits)
    throw new UsageError(
      `${name} takes ${integer ? 'a whole number' : 'a number'} from ${min} to ${max}, not "${value}"`,
    )
  return number
}

/** An option that is one of a few words. */
export const choiceOption = <T extends string>(name: string, value: string, all: readonly T[]): T => {
  if (all.includes(value as T)) return value as T
  throw new UsageError(`${name} is one of ${all.join(', ')}, not "${value}"`)
}

/**
 * Takes the options named in `names`, as `--name value` or `--name=value`, out of arguments that are handed on to
 * another program. Throws `UsageError`, which says what an option takes, if its value is missing.
 */
export const takeOptions = (
  args: readonly string[],
  names: Readonly<Record<string, string>>,
): { values: ReadonlyMap<string, string>; rest: string[] } => {
  const values = new Map<string, string>()
  const rest: string[] = []
  const waiting = [...args]
  for (let arg = waiting.shift(); arg !== undefined; arg = waiting.shift()) {
    const [name, ...inline] = arg.split('=') as [string, ...string[]]
    const takes = Object.hasOwn(names, name) ? names[name] : undefined
    if (takes === undefined) {
      rest.push(arg)
      continue
    }
    const value = inline.length > 0 ? inline.join('=') : waiting.shift()
    if (!value) throw new UsageError(`${name} takes ${takes}`)
    values.set(name, value)
  }
  return { values, rest }
}

/** What `parse` returns; the error that it throws becomes a `UsageError`. */
export const asUsage = <T>(parse: () => T): T => {
  try {
    return parse()
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
