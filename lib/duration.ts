const unitMs: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 }

/** `90`, `90s`, `5m`, `1h30m` or `7d` in milliseconds; undefined where it is something else. */
export const parseDuration = (text: string): number | undefined => {
  const plain = text.trim().toLowerCase()
  const parts = /^\d+$/.test(plain) ? [[plain, plain, 's']] : [...plain.matchAll(/(\d+)([dhms])/g)]
  const whole = parts.length > 0 && parts.map(([part]) => part).join('') === plain
  if (!whole) return undefined
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? 's'] ?? 0), 0)
}
