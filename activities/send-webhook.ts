import { failures } from '../contracts/failures.ts'
import { isTerminal, type Prediction } from '../contracts/prediction.ts'
import { tenantWebhookSecrets } from '../contracts/tenant-secret.ts'
import { parseWebhookSecret, signWebhook } from '../contracts/webhook-signature.ts'
import type { WebhookMessage } from '../contracts/webhooks.ts'
import { pollUntil } from '../lib/poll-until.ts'
import type { GuardedFetch } from './shared/guarded-fetch.ts'
import { GuardedFetchError } from './shared/guarded-fetch-error.ts'
import { WebhookError } from './shared/webhook-error.ts'
import { webhookPayload } from './shared/webhook-payload.ts'

export interface SendWebhookDeps {
  fetch: GuardedFetch
  /** `whsec_…`, newest first; a message is signed with what its tenant has of each. */
  secrets: readonly string[]
  loadPrediction: LoadPrediction
}

/** A prediction as the API would answer now, with freshly signed URLs; undefined where it does not exist any more. */
export type LoadPrediction = (id: string) => Promise<{ prediction: Prediction; tenant: string } | undefined>

/** Time limits for `createGuardedFetch`. */
export const webhookLimits = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 15_000,
  idleTimeoutMs: 15_000,
  totalTimeoutMs: 15_000,
} as const

/** A job says `completed` with its last breath, a moment before it has ended. */
const endWait = { everyMs: 100, timeoutMs: 10_000 }

export const createSendWebhook = ({ fetch, secrets, loadPrediction }: SendWebhookDeps) => {
  // A malformed secret is an error at the start.
  secrets.forEach(parseWebhookSecret)
  const keysOf = async (tenant: string) => (await tenantWebhookSecrets(secrets, tenant)).map(parseWebhookSecret)

  const load = async (predictionId: string) => {
    const loaded = await loadPrediction(predictionId)
    if (loaded) return loaded
    throw new WebhookError(failures.predictionMissing, 'The prediction no longer exists', false, {})
  }

  const loadEnded = async (predictionId: string) => {
    const loaded = await pollUntil(
      () => load(predictionId),
      ({ prediction }) => isTerminal(prediction.status),
      endWait,
    )
    if (isTerminal(loaded.prediction.status)) return loaded
    throw new Error('The prediction has not ended yet')
  }

  return {
    /**
     * One attempt: the prediction as it stands, signed afresh, posted once. Gives the 2xx that the receiver answered;
     * anything else throws, `webhook_gone` (410), `address_refused` and `prediction_missing` as final.
     */
    async sendWebhook({ predictionId, event, messageId, url }: WebhookMessage): Promise<{ status: number }> {
      const { prediction, tenant } = await (event === 'completed' ? loadEnded : load)(predictionId)
      const body = JSON.stringify(webhookPayload(event, prediction))
      const signature = await signWebhook({ id: messageId, timestamp: new Date(), body }, await keysOf(tenant))
      const { status, retryAfterMs } = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signature },
        body,
        maxRedirects: 0,
        maxBytes: 0,
      }).catch((error) => {
        throw error instanceof GuardedFetchError ? WebhookError.unanswered(error) : error
      })
      if (status < 200 || status > 299) throw WebhookError.answered(status, retryAfterMs)
      return { status }
    },

    /** Whether a prediction has ended, or is gone. */
    async hasEnded({ predictionId }: { predictionId: string }): Promise<boolean> {
      const loaded = await loadPrediction(predictionId)
      return !loaded || isTerminal(loaded.prediction.status)
    },
  }
}
