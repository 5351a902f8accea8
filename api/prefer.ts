import { parseDuration } from '../lib/duration.ts'
import { Problem } from './problem.ts'

const maxWaitSeconds = 60

/** Splits at commas that are not inside a quoted string. */
const preferencesOf = (header: string): string[] => header.match(/(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g) ?? []

/** `wait`, `wait=5`, `wait="5"; unit=s`: the name in lower case, and the value without quotes. */
const parsePreference = (preference: string): { name: string; value: string | undefined } => {
  const [, name = '', value] = /^\s*([^\s=;]+)\s*(?:=\s*([^;]*))?/.exec(preference) ?? []
  return { name: name.toLowerCase(), value: value?.trim().replace(/^"(.*)"$/, '$1') }
}

/**
 * How long `Prefer: wait=N` asks the response to wait for the result, in ms: 1 to 60 s, 60 s without a number, 0 if it
 * does not ask. A server ignores preferences that it does not understand, and may honor one in part (RFC 7240, section 2).
 */
export const waitMs = (prefer: string | undefined): number => {
  for (const { name, value } of preferencesOf(prefer ?? '').map(parsePreference)) {
    if (name === 'respond-async') return 0
    if (name !== 'wait') continue
    if (value === undefined || value === '' || value === 'true') return maxWaitSeconds * 1000
    if (/^\d{1,9}$/.test(value)) return Math.min(Number(value), maxWaitSeconds) * 1000
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
