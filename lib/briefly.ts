export interface BrieflyOptions {
  /** How long a result is used again. */
  forMs: number
  /** Whether calls that come while one runs wait for that one. Must be false if they cannot await each other's I/O. */
  shared?: boolean
}

/**
 * Runs `run` again only if its last result is older than `forMs`, and once for all calls that come meanwhile. A failure is not
 * kept.
 *
 * @example
 * const readiness = briefly(checkReadiness, { forMs: 1_000 })
 */
export const briefly = <T>(run: () => Promise<T>, { forMs, shared = true }: BrieflyOptions): (() => Promise<T>) => {
  let kept: { value: T; until: number } | undefined
  let running: Promise<T> | undefined
  const refresh = async () => {
    const value = await run()
    kept = { value, until: performance.now() + forMs }
    return value
  }
  return async () => {
    if (kept && performance.now() < kept.until) return kept.value
    if (!shared) return refresh()
    running ??= refresh().finally(() => {
      running = undefined
    })
    return running
  }
}
