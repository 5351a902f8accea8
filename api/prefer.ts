import { parseDuration } from '../lib/duration.ts'
import { Problem } from './problem.ts'

const maxWaitSeconds = 60

/** How many ms `Prefer: wait[=1..60]` asks to wait for the result, or 0. Throws a 400 problem. */
export const waitMs = (prefer: string | undefined): number => {
  for (const preference of prefer?.split(',') ?? []) {
    const [name = '', value] = preference.split('=', 2).map((part) => part.trim())
    if (name.toLowerCase() === 'respond-async') return 0
    if (name.toLowerCase() !== 'wait') continue
    const seconds = value === undefined || value === 'true' ? maxWaitSeconds : Number(value.replaceAll('"', ''))
    if (Number.isInteger(seconds) && seconds >= 1 && seconds <= maxWaitSeconds) return seconds * 1000
    throw new Problem(400, `Prefer: wait accepts 1 to ${maxWaitSeconds} seconds, not ${value}`)
  }
  return 0
}

const minCancelAfterMs = 5_000
const maxCancelAfterMs = 24 * 3_600_000

/** `Cancel-After: 90`, `90s`, `5m` or `1h30m` in ms, or undefined without the header. Throws a 400 problem. */
export const cancelAfterMs = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined
  const ms = parseDuration(header)
  if (ms !== undefined && ms >= minCancelAfterMs && ms <= maxCancelAfterMs) return ms
  throw new Problem(400, `Cancel-After accepts 5s to 24h, for example 90s or 1h30m, not ${header}`)
}
