import { parseDuration } from '../lib/duration.ts'
import { UsageError } from './command.ts'

const minMs = 1_000
const maxMs = 24 * 3_600_000

/** A time such as 90s, 5m or 1h in ms, or undefined where the option is not given. */
export const durationOption = (name: string, value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  const ms = parseDuration(value)
  if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms
  throw new UsageError(`${name} takes a time from 1s to 24h, such as 90s, 5m or 1h, not "${value}"`)
}
