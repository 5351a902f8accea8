import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import { failures } from '../contracts/failures.ts'
import type { StepName } from '../contracts/steps.ts'
import type { WebhookMessage } from '../contracts/webhooks.ts'
import { failureOf } from './failure-label.ts'
import type { WorkerMetrics } from './metrics.ts'
import { queueWaitSeconds } from './queue-wait.ts'

const verification: StepName = 'verifyImages'

/** Measures every attempt, and reads from some what they were about. */
export const measureActivities =
  (metrics: WorkerMetrics): ActivityInterceptorsFactory =>
  ({ info }) => ({
    inbound: {
      execute: async (input, next) => {
        const { taskQueue: queue, activityType: activity } = info
        metrics.queueWaitSeconds.observe({ queue, activity }, queueWaitSeconds(info))
        const startedAt = performance.now()
        const ended = (outcome: string) =>
          metrics.activitySeconds.observe({ activity, outcome }, (performance.now() - startedAt) / 1000)
        const told = (outcome: string) => {
          const [message] = input.args as Partial<WebhookMessage>[]
          if (activity === 'sendWebhook') metrics.webhookAttempts.inc({ event: message?.event ?? '', outcome })
        }
        try {
          const result = await next(input)
          ended('succeeded')
          told('delivered')
          if (activity === verification) countSimilarity(metrics, result as VerifiedImages)
          return result
        } catch (error) {
          const failure = failureOf(error)
          told(failure)
          // Neither is a failure: one was asked for, the other is handed to the next worker.
          if (failure === 'canceled' || failure === failures.workerDraining) ended(failure)
          else {
            ended('failed')
            metrics.activityFailures.inc({ activity, failure })
          }
          throw error
        }
      },
    },
  })

interface VerifiedImages {
  similarity: readonly (number | null)[]
}

const countSimilarity = (metrics: WorkerMetrics, { similarity }: VerifiedImages) => {
  for (const cosine of similarity) {
    if (cosine === null) metrics.facelessImages.inc()
    else metrics.similarity.observe(cosine)
  }
}
