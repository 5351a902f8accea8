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
