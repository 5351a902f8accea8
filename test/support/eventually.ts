import { vi } from 'vitest'

/** Only what hangs takes longer, on a machine with other work too. */
const limitMs = 90_000

/** Runs a check until it passes; gives what it returned. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: limitMs, interval: 100 })
