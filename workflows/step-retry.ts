/**
 * How every step is tried again: 20 attempts in about 13 minutes, which covers an outage of the store and a full disk on
 * which somebody makes room. One budget for all, so that a prediction does not fail in a quick step during an outage that its
 * diffusion would have survived. Verdicts, such as `no_face`, are final; `activities/shared/failure.ts` says which failures
 * end sooner.
 */
export const stepRetry = {
  initialInterval: '500 milliseconds',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
  maximumAttempts: 20,
} as const

/** Covers all attempts of `stepRetry` and the waits between them, if each fails soon. */
export const outageTimeout = '15 minutes'
