import { CompleteAsyncError, Context } from '@temporalio/activity'
import { ApplicationFailure, TemporalFailure } from '@temporalio/common'
import { type FailureType, failures } from '../../contracts/failures.ts'
import { isStepName } from '../../contracts/steps.ts'
import { EncryptionError, type EncryptionProblem } from '../../lib/crypto/encryption-error.ts'
import { ArtifactStoreError } from '../../storage/store.ts'

/** What an error needs, to cross from the code that knows nothing of Temporal into a workflow. */
export interface TypedError {
  readonly type: FailureType
  /** For a person. */
  readonly message: string
  /** For a program: boxes, sizes, limits. */
  readonly details?: unknown
  /** Whether the same call may succeed later; absent means that the error is a verdict. */
  readonly retryable?: boolean
  /** When to try again, where the other side said so. */
  readonly retryAfterMs?: number
}

// A key that is not known here may be known to the next worker: rings are rotated one process after the other.
const encryptionTypes: Record<EncryptionProblem, FailureType> = {
  shredded: failures.dataRemoved,
  tampered: failures.artifactUnreadable,
  malformed: failures.artifactUnreadable,
  keys_invalid: failures.internal,
  key_unknown: failures.internal,
  unencrypted: failures.payloadRefused,
  misplaced: failures.payloadRefused,
  // Another worker may be set to accept it.
  unbound: failures.internal,
}

const types: ReadonlySet<unknown> = new Set(Object.values(failures))

const isTypedError = (error: unknown): error is TypedError =>
  error instanceof Error && 'type' in error && types.has(error.type)

// The SDK tells a cancelled activity from a failed one by these.
const belongsToTemporal = (error: unknown): boolean =>
  error instanceof TemporalFailure ||
  error instanceof CompleteAsyncError ||
  (error instanceof Error && error.name === 'AbortError')

/**
 * What an activity throws: `throw toApplicationFailure(error)`. A typed error keeps its type, message and details and is
 * retried only if it says `retryable`; a store that may recover is `storage_unavailable`; anything else is `internal`
 * and retried, for its cause may pass. Temporal's own failures and a cancelled call's `AbortError` pass unchanged.
 */
export const toApplicationFailure = (error: unknown): unknown => {
  if (belongsToTemporal(error)) return error
  const cause = error instanceof Error ? error : undefined
  if (isTypedError(error)) {
    return ApplicationFailure.create({
      type: error.type,
      message: error.message,
      nonRetryable: error.retryable !== true,
      details: error.details === undefined ? [] : [error.details],
      nextRetryDelay: error.retryAfterMs,
      cause,
    })
  }
  if (error instanceof EncryptionError) {
    const type = encryptionTypes[error.problem]
    return ApplicationFailure.create({
      type,
      message: error.message,
      nonRetryable: type !== failures.internal,
      cause: error,
    })
  }
  if (error instanceof ArtifactStoreError) {
    const { message, retryable } = error
    return ApplicationFailure.create({ type: failures.storageUnavailable, message, nonRetryable: !retryable, cause })
  }
  return ApplicationFailure.create({ type: failures.internal, message: cause?.message ?? String(error), cause })
}

/**
 * Failures that rarely end by themselves: an error that nobody has foreseen, and somebody else's server. A step is tried this
 * often for them, in about a minute. The whole budget (`workflows/step-retry.ts`) is for what is ours and comes back: the
 * store, workers, memory.
 */
const mostAttempts: Readonly<Partial<Record<FailureType, number>>> = { internal: 8, photo_unreachable: 8 }

/** A device has memory again when other work has ended: soon enough tries would only use the attempts up. */
const outOfMemoryDelay = { firstMs: 5_000, mostMs: 60_000 }

const withinBudget = (failure: unknown, attempt: number): unknown => {
  if (!(failure instanceof ApplicationFailure) || failure.cause instanceof EncryptionError) return failure
  if (failure.type === failures.outOfMemory && !failure.nonRetryable) {
    const { message, type, details, cause } = failure
    const { firstMs, mostMs } = outOfMemoryDelay
    const nextRetryDelay = Math.min(mostMs, firstMs * 2 ** (attempt - 1))
    return ApplicationFailure.create({ message, type, details: details ?? [], cause, nextRetryDelay })
  }
  const most = mostAttempts[failure.type as FailureType]
  if (most === undefined || attempt < most) return failure
  const { message, type, details, cause } = failure
  return ApplicationFailure.create({ message, type: type!, details: details ?? [], cause, nonRetryable: true })
}

type Activities = Record<string, (...args: never[]) => Promise<unknown>>

/** The same activities, whose errors reach workflows as `toApplicationFailure` makes them; some are final after a few attempts. */
export const translateFailures = <A extends Activities>(activities: A): A =>
  Object.fromEntries(
    Object.entries(activities).map(([name, run]) => [
      name,
      async (...args: never[]) => {
        try {
          return await run(...args)
        } catch (error) {
          const failure = toApplicationFailure(error)
          // What cleans up is tried for as long as its workflow says.
          throw isStepName(name) ? withinBudget(failure, Context.current().info.attempt) : failure
        }
      },
    ]),
  ) as A
