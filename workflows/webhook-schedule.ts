import type { WebhookTiming } from '../contracts/webhooks.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/** Standard Webhooks' example schedule, over a day in all: at once, after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h. */
export const webhookTiming: WebhookTiming = {
  gapsMs: [5 * secondMs, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 5 * hourMs, 10 * hourMs, 10 * hourMs],
  throttleMs: 500,
  checkMs: 10 * minuteMs,
}

/** A receiver cannot put its messages off for longer. */
const maxRetryAfterMs = 12 * hourMs

/** Receivers that come back find their messages spread out. */
const jitter = 0.1

/**
 * How long to wait after the `misses`-th failed attempt in a row (from 1): the schedule's gap, its last one once it is used
 * up, or what `Retry-After` asks for where that is longer. `random` is in [0, 1).
 */
export const retryGapMs = (
  { gapsMs }: Pick<WebhookTiming, 'gapsMs'>,
  misses: number,
  retryAfterMs = 0,
  random: () => number = Math.random,
): number => {
  const gapMs = gapsMs[Math.min(misses, gapsMs.length) - 1] ?? 0
  return Math.max(Math.min(retryAfterMs, maxRetryAfterMs), Math.round(gapMs * (1 + jitter * random())))
}
