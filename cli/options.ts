import { parseDuration } from '../lib/duration.ts'
import { UsageError } from '../lib/run-command.ts'

/** Parses a number, or returns undefined if the option is not given. Throws `UsageError` if it is out of range. */
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
      `${name} must be ${integer ? 'a whole number' : 'a number'} from ${min} to ${max}, not "${value}"`,
    )
  return number
}

const minDurationMs = 1_000
const maxDurationMs = 24 * 3_600_000

/** Parses a time such as 90s, 5m or 1h to ms, or returns undefined. Throws `UsageError` if it is out of range. */
export const durationOption = (name: string, value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  const ms = parseDuration(value)
  if (ms !== undefined && ms >= minDurationMs && ms <= maxDurationMs) return ms
  throw new UsageError(`${name} must be a time from 1s to 24h, for example 90s, 5m or 1h, not "${value}"`)
}

/** Checks that the value of an option is one of `all`. Throws `UsageError`. */
export const choiceOption = <T extends string>(name: string, value: string, all: readonly T[]): T => {
  if (all.includes(value as T)) return value as T
  throw new UsageError(`${name} must be one of ${all.join(', ')}, not "${value}"`)
}

/**
 * Removes the options in `names`, given as `--name value` or `--name=value`, from arguments for another program. Throws
 * `UsageError` if a value is missing; the message contains the description in `names`.
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
    if (!value) throw new UsageError(`${name} needs ${takes}`)
    values.set(name, value)
  }
  return { values, rest }
}
