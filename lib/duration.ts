const unitMs: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 }

/** Longer texts are not durations. Checked before anything else: callers pass on what anybody may have sent. */
export const maxDurationLength = 32

/** A hundred years: times that far from now are still dates. */
const maxDurationMs = 36_525 * 86_400_000

/** `90`, `90s`, `5m`, `1h30m` or `7d` in milliseconds; undefined for anything else, and for more than a hundred years. */
export const parseDuration = (text: string): number | undefined => {
  if (text.length > maxDurationLength) return undefined
  const plain = text.trim().toLowerCase()
  if (!/^(?:\d+|(?:\d+[dhms])+)$/.test(plain)) return undefined
  let ms = 0
  for (const [, count, unit = 's'] of plain.matchAll(/(\d+)([dhms])?/g)) ms += Number(count) * (unitMs[unit] ?? 0)
  return ms <= maxDurationMs ? ms : undefined
}
