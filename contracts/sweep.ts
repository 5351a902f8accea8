/** Input of the workflow `sweepExpired`. */
export interface SweepInput {
  readonly orphansEveryMs: number
}

export interface SweepResult {
  /** Predictions that expired before then are swept. Milliseconds since 1970, as is the next. */
  readonly until: number
  readonly orphansAt: number
  /** How many were swept. */
  readonly predictions: number
  readonly orphans: number
}
