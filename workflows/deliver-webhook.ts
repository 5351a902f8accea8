import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { createSendWebhook } from '../activities/send-webhook.ts'
import { type FailureType, failures } from '../contracts/failures.ts'
import { outboundQueue, queues } from '../contracts/queues.ts'
import type {
  DeliverWebhookInput,
  DeliverWebhookResult,
  WebhookAttempt,
  WebhookEvent,
  WebhookFailureDetails,
} from '../contracts/webhooks.ts'
import { createNoticeBoard } from './notice-board.ts'
import { retryGapMs, webhookTiming } from './webhook-schedule.ts'

type SendWebhook = ReturnType<typeof createSendWebhook>

const { sendWebhook } = proxyActivities<Pick<SendWebhook, 'sendWebhook'>>({
  taskQueue: outboundQueue,
  startToCloseTimeout: '30 seconds',
  // Each attempt is its own activity, so that each can be seen; the waits between are timers.
  retry: { maximumAttempts: 1 },
})

const { hasEnded } = proxyActivities<Pick<SendWebhook, 'hasEnded'>>({
  taskQueue: queues.cpu,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes' },
})

/** An event of the prediction. */
export const webhookNotice = defineSignal<[event: WebhookEvent]>('webhookNotice')

const keptAttempts = 100

/**
 * Delivers the events of one prediction to its webhook. One workflow for all of them, because they go to one receiver:
 * one message at a time keeps the order, `completed` is taken last and ends the workflow, and what piles up behind a slow
 * or dead receiver is told once, as the newest state. `start`, `output` and `logs` are tried again only until `completed`
 * comes, which has the whole schedule for itself.
 *
 * Ends when `completed` was delivered (or is not wanted). Fails with `webhook_gave_up` at the end of the schedule,
 * `webhook_gone` after a 410, `address_refused` or `prediction_missing`. A prediction that ends without a word (it was
 * terminated) is noticed by looking.
 */
export async function deliverWebhook(input: DeliverWebhookInput): Promise<DeliverWebhookResult> {
  const { predictionId, url } = input
  const timing = { ...webhookTiming, ...input.timing }
  const board = createNoticeBoard(input, timing.throttleMs)
  setHandler(webhookNotice, (event) => board.post(event))
  const attempts: WebhookAttempt[] = []

  /** One attempt; undefined where it went well. Throws where another makes no sense. */
  const attempt = async (event: WebhookEvent, number: number, nth: number): Promise<Refusal | undefined> => {
    const at = new Date().toISOString()
    const record = (outcome: Pick<WebhookAttempt, 'status' | 'error'>) => {
      attempts.push({ event, at, ...outcome })
      if (attempts.length > keptAttempts) attempts.shift()
    }
    try {
      const message = { predictionId, event, messageId: `${predictionId}-${event}-${number}`, url }
      const sent = await sendWebhook.executeWithOptions({ summary: `${event} · attempt ${nth}` }, [message])
      record(sent)
      setCurrentDetails(`**Delivered** \`${event}\` · attempt ${nth} · ${sent.status}`)
      return undefined
    } catch (error) {
      if (isCancellation(error)) throw error
      const refusal = readRefusal(error)
      record({ status: refusal.status, error: refusal.type })
      setCurrentDetails(`**Not delivered** \`${event}\` · attempt ${nth} · ${refusal.words}`)
      if (!refusal.final) return refusal
      throw ApplicationFailure.nonRetryable(`Webhook not delivered: ${refusal.words}`, refusal.type, { attempts })
    }
  }

  const deliverCompleted = async (): Promise<DeliverWebhookResult> => {
    for (let nth = 1; ; nth++) {
      const refusal = await attempt('completed', 1, nth)
      if (!refusal) return { attempts }
      if (nth > timing.gapsMs.length) {
        throw ApplicationFailure.nonRetryable(`Gave up after ${nth} attempts`, failures.webhookGaveUp, { attempts })
      }
      const gapMs = retryGapMs(timing, nth, refusal.retryAfterMs)
      await sleep(gapMs, { summary: `completed · attempt ${nth} · ${refusal.words}` })
    }
  }

  let misses = input.misses ?? 0
  let checkAt = Date.now() + timing.checkMs
  for (;;) {
    if (workflowInfo().continueAsNewSuggested)
      return continueAsNew<typeof deliverWebhook>({ ...input, ...board.state(), misses })
    const next = board.take(Date.now())
    if (next?.event === 'completed') return input.events.includes('completed') ? deliverCompleted() : { attempts }
    if (next) {
      const refusal = await attempt(next.event, next.number, misses + 1)
      misses = refusal ? misses + 1 : 0
      if (refusal) board.putBack(next, Date.now() + retryGapMs(timing, misses, refusal.retryAfterMs))
      else board.sent()
      continue
    }
    const waitMs = Math.max(0, Math.min(checkAt, board.dueAt()) - Date.now())
    const posted = await condition(board.watch(), waitMs, { summary: 'next event, or a look at the prediction' })
    if (posted || Date.now() < checkAt) continue
    checkAt = Date.now() + timing.checkMs
    if (await hasEnded({ predictionId })) board.post('completed')
  }
}

interface Refusal {
  type: FailureType
  final: boolean
  status?: number
  retryAfterMs?: number
  /** For the Temporal UI. */
  words: string
}

const readRefusal = (error: unknown): Refusal => {
  const cause = error instanceof ActivityFailure ? error.cause : error
  // The worker died in the middle of it.
  if (!(cause instanceof ApplicationFailure)) return { type: failures.stepTimedOut, final: false, words: 'interrupted' }
  const type = (cause.type ?? failures.internal) as FailureType
  const { status, retryAfterMs, reason } = (cause.details?.[0] ?? {}) as WebhookFailureDetails
  const words = status === undefined ? [type, reason].filter(Boolean).join(': ') : `${status}`
  return { type, final: cause.nonRetryable === true, status, retryAfterMs, words }
}
