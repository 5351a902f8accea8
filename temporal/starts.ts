import type { ErasePredictionInput } from '../contracts/erasure.ts'
import { webhookQueue } from '../contracts/queues.ts'
import { memoField, sealFor } from '../contracts/sealed-value.ts'
import { type DeliverWebhookInput, webhookWorkflowId } from '../contracts/webhooks.ts'
import { erasureWorkflowId } from '../contracts/workflow-ids.ts'
import type { Orchestrator } from './orchestrator.ts'
import type { Memo } from './read-history.ts'
import type { ReadService } from './read-service.ts'

export interface WorkflowStartOptions {
  /** Its task queue: `control` if omitted. */
  readonly queue?: string
  readonly type: string
  readonly id: string
  readonly input: object
  /** Whether an id that was used before may be used again. */
  readonly reuse: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE' | 'ALLOW_DUPLICATE_FAILED_ONLY'
  /** For the Temporal UI: one line, and Markdown. */
  readonly summary: string
  readonly details?: string
  readonly memo?: Readonly<Record<string, unknown>>
  /** Search attributes of the type Keyword. */
  readonly keywords?: Readonly<Record<string, string>>
  readonly fairnessKey?: string
}

export interface StartService extends Pick<ReadService, 'call'> {
  /** `exists` where the id is taken: by one that runs, or by one before that `reuse` does not let go. */
  startWorkflow(options: WorkflowStartOptions): Promise<'started' | 'exists'>
}

/** The workflows that the API starts, by whatever transport. */
export const createStarts = ({
  call,
  startWorkflow,
}: StartService): Pick<Orchestrator, 'start' | 'redeliver' | 'erase'> => ({
  start: ({ start, tenant, model, version, requestHash, summary, details }) =>
    call('start the prediction', () =>
      startWorkflow({
        type: start.workflow,
        id: start.input.predictionId,
        input: sealFor(`input of ${start.workflow}`, tenant, start.input),
        reuse: 'REJECT_DUPLICATE',
        memo: {
          [memoField]: sealFor(`memo of ${start.workflow}`, tenant, {
            model,
            version,
            ...(requestHash !== undefined && { requestHash }),
            retentionMs: start.input.retentionMs,
          } satisfies Memo),
        },
        keywords: { IdemTenant: tenant, IdemModel: model, IdemStatus: 'starting' },
        // Steps inherit it: one tenant's thousand predictions leave room for another's one.
        fairnessKey: tenant,
        summary,
        details,
      }),
    ),

  redeliver: (id, { url, tenant }) =>
    call('start the delivery', async () => {
      const answer = await startWorkflow({
        type: 'deliverWebhook',
        queue: webhookQueue,
        id: webhookWorkflowId(id),
        input: sealFor('input of deliverWebhook', tenant, {
          predictionId: id,
          url,
          events: ['completed'],
          pending: [['completed', 1]],
        } satisfies DeliverWebhookInput),
        reuse: 'ALLOW_DUPLICATE',
        summary: 'Webhook of a prediction, once more',
      })
      return answer === 'started' ? 'started' : 'running'
    }),

  erase: (id, { tenant, derived }) =>
    call('start the erasure', async () => {
      await startWorkflow({
        type: 'erasePrediction',
        id: erasureWorkflowId(id),
        input: sealFor('input of erasePrediction', tenant, {
          predictionId: id,
          tenant,
          derived,
        } satisfies ErasePredictionInput),
        reuse: 'ALLOW_DUPLICATE_FAILED_ONLY',
        memo: { [memoField]: sealFor('memo of erasePrediction', tenant, {}) },
        keywords: { IdemTenant: tenant },
        summary: 'Erase a prediction',
      })
    }),
})
