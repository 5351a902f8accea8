import { type FailureType, failures } from '../../contracts/failures.ts'
import type { WebhookFailureDetails } from '../../contracts/webhooks.ts'
import type { TypedError } from './failure.ts'
import type { GuardedFetchError } from './guarded-fetch-error.ts'

/** An attempt that did not end in a 2xx; says nothing of what the receiver answered but its status. */
export class WebhookError extends Error implements TypedError {
  override name = 'WebhookError'
  readonly type: FailureType
  /** Whether another attempt makes sense. */
  readonly retryable: boolean
  readonly details: WebhookFailureDetails

  constructor(type: FailureType, message: string, retryable: boolean, details: WebhookFailureDetails) {
    super(message)
    this.type = type
    this.retryable = retryable
    this.details = details
  }

  /** Any status but 2xx. */
  static answered(status: number, retryAfterMs?: number) {
    if (status === 410) return new WebhookError(failures.webhookGone, 'The receiver answered 410', false, { status })
    const details = { status, ...(retryAfterMs !== undefined && { retryAfterMs }) }
    return new WebhookError(failures.webhookRejected, `The receiver answered ${status}`, true, details)
  }

  /** An expired certificate or a missing name may be mended within a day; an address inside a private network is final. */
  static unanswered({ kind, message, details }: GuardedFetchError) {
    const refused = kind === 'address_refused'
    const type = refused ? failures.addressRefused : failures.webhookUnreachable
    return new WebhookError(type, message, !refused, 'reason' in details ? { reason: details.reason } : {})
  }
}
