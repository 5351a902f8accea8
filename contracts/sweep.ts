/** Input of the workflow `sweepExpired`. */
export interface SweepInput {
  readonly orphansEveryMs: number
}

export interface SweepResult {
  /** Predictions that expired before this time have been swept. In milliseconds since 1970, like `orphansAt`. */
  readonly until: number
  readonly orphansAt: number
  /** Number of predictions swept. */
  readonly predictions: number
  readonly orphans: number
}
