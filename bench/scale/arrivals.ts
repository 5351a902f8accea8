import { exponential } from './seeded-random.ts'

export interface Arrivals {
  /** Predictions a second, on average. */
  readonly rate: number
  readonly kind: 'poisson' | 'bursty'
}

/** Bursts of a minute in ten, in which all of the load comes: ten times the average rate, then nothing. */
export const burst = { onSeconds: 60, periodSeconds: 600 } as const

/** Seconds at which predictions come, in order, without end. A bursty stream is a Poisson stream that only runs in bursts. */
export function* arrivalTimes({ rate, kind }: Arrivals, random: () => number): Generator<number> {
  if (kind === 'poisson') {
    for (let at = exponential(random, 1 / rate); ; at += exponential(random, 1 / rate)) yield at
  }
  const { onSeconds, periodSeconds } = burst
  const burstRate = (rate * periodSeconds) / onSeconds
  // Time that passes in bursts alone, put where the bursts are.
  for (let on = exponential(random, 1 / burstRate); ; on += exponential(random, 1 / burstRate)) {
    yield Math.floor(on / onSeconds) * periodSeconds + (on % onSeconds)
  }
}
