import { parseDuration } from '../lib/duration.ts'
import { Problem } from './problem.ts'

const maxWaitSeconds = 60

/** How long `Prefer: wait[=1..60]` asks an answer to wait for the result, in ms; 0 without it. Throws a 400 problem. */
export const waitMs = (prefer: string | undefined): number => {
  for (const preference of prefer?.split(',') ?? []) {
    const [name = '', value] = preference.split('=', 2).map((part) => part.trim())
    if (name.toLowerCase() === 'respond-async') return 0
    if (name.toLowerCase() !== 'wait') continue
    const seconds = value === undefined || value === 'true' ? maxWaitSeconds : Number(value.replaceAll('"', ''))
    if (Number.isInteger(seconds) && seconds >= 1 && seconds <= maxWaitSeconds) return seconds * 1000
    throw new Problem(400, `Prefer: wait takes 1 to ${maxWaitSeconds} seconds, not ${value}`)
  }
  return 0
}

const minCancelAfterMs = 5_000
const maxCancelAfterMs = 24 * 3_600_000

/** `Cancel-After: 90`, `90s`, `5m` or `1h30m` in ms; undefined without it. Throws a 400 problem. */
export const cancelAfterMs = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined
  const ms = parseDuration(header)
  if (ms !== undefined && ms >= minCancelAfterMs && ms <= maxCancelAfterMs) return ms
  throw new Problem(400, `Cancel-After takes 5s to 24h, such as 90s or 1h30m, not ${header}`)
}
