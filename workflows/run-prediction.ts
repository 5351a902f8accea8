import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  TimeoutFailure,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import type { createDiscardLeftovers } from '../activities/discard-leftovers.ts'
import { failures } from '../contracts/failures.ts'
import type { PredictionStatus } from '../contracts/prediction.ts'
import type { PredictionOptions } from '../contracts/prediction-options.ts'
import { proxySteps } from './proxy-steps.ts'
import { outageTimeout } from './step-retry.ts'
import { type Notify, withWebhook } from './with-webhook.ts'

const { discardLeftovers } = proxySteps<ReturnType<typeof createDiscardLeftovers>>({
  startToCloseTimeout: '30 seconds',
  // What is left behind goes with the retention: the prediction waits neither for a cpu worker nor, for ever, for the store.
  scheduleToStartTimeout: '2 minutes',
  scheduleToCloseTimeout: outageTimeout,
})

const statusKey = defineSearchAttributeKey('IdemStatus', SearchAttributeType.KEYWORD)
const failureKey = defineSearchAttributeKey('IdemFailure', SearchAttributeType.KEYWORD)
const expiresAtKey = defineSearchAttributeKey('IdemExpiresAt', SearchAttributeType.DATETIME)

/** The failure under the wrapper that Temporal adds on the way up, which only says that an activity failed. */
const unwrap = (error: unknown): unknown => (error instanceof ActivityFailure ? error.cause : error)

const failureType = (error: unknown): string => {
  const cause = unwrap(error)
  return (cause instanceof ApplicationFailure && cause.type) || failures.internal
}

const failureMessage = (error: unknown): string => {
  const cause = unwrap(error)
  return cause instanceof Error ? cause.message : 'for an unknown reason'
}

/** Whether a step was interrupted, rather than refused: its worker is gone, or the server would have tried it again. */
const isInterruption = (error: unknown): boolean => {
  const cause = unwrap(error)
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && cause.nonRetryable !== true)
}

/**
 * Runs the work. A step that is interrupted after the work was canceled is canceled: a worker that is dead or stopped cannot
 * say so itself, and the server does not try a canceled step again. A verdict, such as `no_face`, stays a failure.
 */
const cancelable = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run()
  } catch (error) {
    if (!CancellationScope.current().consideredCancelled || !isInterruption(error)) throw error
    throw new CancelledFailure('Canceled while a step was interrupted')
  }
}

/** Runs the work, and cancels it if it has not ended after the time that the request allows. */
const withDeadline = async <T>(cancelAfterMs: number | undefined, run: () => Promise<T>): Promise<T> => {
  if (cancelAfterMs === undefined) return run()
  try {
    return await CancellationScope.withTimeout(cancelAfterMs, run)
  } catch (error) {
    if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error
    throw ApplicationFailure.nonRetryable(
      `Canceled because it did not end within ${cancelAfterMs / 1000} s`,
      failures.deadlineExceeded,
    )
  }
}

/**
 * What every prediction does around its work: search attributes show its status, its webhook receives its events, it is
 * canceled at its deadline, and photos and drafts are deleted when it ends, however it ends.
 */
export const runPrediction = async <T>(input: PredictionOptions, run: (notify: Notify) => Promise<T>): Promise<T> => {
  const setStatus = (status: PredictionStatus, failure?: string) => {
    const ended = status !== 'processing' && status !== 'starting'
    upsertSearchAttributes([
      { key: statusKey, value: status },
      ...(failure ? [{ key: failureKey, value: failure }] : []),
      ...(ended ? [{ key: expiresAtKey, value: new Date(Date.now() + input.retentionMs) }] : []),
    ])
  }
  const { predictionId, keepPhotos } = input
  const tidy = async () => {
    try {
      await CancellationScope.nonCancellable(() =>
        discardLeftovers.executeWithOptions({ summary: keepPhotos ? 'delete drafts' : 'delete photos and drafts' }, [
          { predictionId, keepPhotos },
        ]),
      )
    } catch (error) {
      log.warn('Artifacts not deleted; the sweep deletes them after the retention', { error })
    }
  }

  setStatus('processing')
  try {
    const result = await withWebhook(input, async (notify) => {
      try {
        return await withDeadline(input.cancelAfterMs, () => cancelable(() => run(notify)))
      } finally {
        await tidy()
      }
    })
    setStatus('succeeded')
    return result
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error
    const type = isCancellation(error) ? undefined : failureType(error)
    setCurrentDetails(type === undefined ? '**Canceled**' : `**Failed** · ${failureMessage(error)} (\`${type}\`)`)
    setStatus(type === undefined || type === failures.deadlineExceeded ? 'canceled' : 'failed', type)
    throw error
  }
}
