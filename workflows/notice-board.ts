import type { DeliverWebhookInput, WebhookEvent } from '../contracts/webhooks.ts'

export interface TakenNotice {
  event: WebhookEvent
  number: number
}

const throttled: ReadonlySet<WebhookEvent> = new Set(['output', 'logs'])

/**
 * What is to be told to a webhook. Several notices of one event become one, under the newest number, since a message
 * always shows the newest state. `completed` is taken last; what may not be sent at that moment is dropped, for
 * `completed` shows it too. Times are epoch milliseconds.
 */
export const createNoticeBoard = (
  {
    events,
    pending: initial = [],
    counts: counted = initial,
    takenAt: attempted = [],
    heldUntil: held = 0,
  }: Pick<DeliverWebhookInput, 'events' | 'pending' | 'counts' | 'takenAt' | 'heldUntil'>,
  throttleMs: number,
) => {
  const pending = new Map<WebhookEvent, number>(initial)
  const counts = new Map<WebhookEvent, number>(counted)
  const takenAt = new Map<WebhookEvent, number>(attempted)
  let heldUntil = held
  let posts = 0

  const dueAt = (event: WebhookEvent): number => {
    const last = throttled.has(event) ? takenAt.get(event) : undefined
    return Math.max(heldUntil, last === undefined ? 0 : last + throttleMs)
  }

  return {
    /** Notes an event. Those outside the filter are ignored, except that `completed` always marks the end, once. */
    post(event: WebhookEvent): void {
      const number = (counts.get(event) ?? 0) + 1
      if (event === 'completed' ? number > 1 : !events.includes(event)) return
      counts.set(event, number)
      pending.set(event, number)
      posts++
    },

    /** The next notice that may be sent, if any; it is off the board then. */
    take(nowMs: number): TakenNotice | undefined {
      const ready = [...pending.keys()].find((event) => event !== 'completed' && dueAt(event) <= nowMs)
      const event = ready ?? (pending.has('completed') ? 'completed' : undefined)
      if (event === undefined) return undefined
      const number = pending.get(event)!
      pending.delete(event)
      takenAt.set(event, nowMs)
      return { event, number }
    },

    /** Puts back what could not be delivered, unless there is news of it by now; only `completed` comes before `untilMs`. */
    putBack({ event, number }: TakenNotice, untilMs: number): void {
      if (!pending.has(event)) pending.set(event, number)
      heldUntil = untilMs
    },

    /** The receiver answers: nothing is held any more. */
    sent(): void {
      heldUntil = 0
    },

    /** When the next notice may be sent; Infinity if there is none. */
    dueAt: (): number => Math.min(Number.POSITIVE_INFINITY, ...[...pending.keys()].map(dueAt)),

    /** A condition that holds once something new was posted. */
    watch() {
      const seen = posts
      return () => posts !== seen
    },

    /** For a workflow that continues as a new run. */
    state: (): Pick<DeliverWebhookInput, 'pending' | 'counts' | 'takenAt' | 'heldUntil'> => ({
      pending: [...pending],
      counts: [...counts],
      takenAt: [...takenAt],
      heldUntil,
    }),
  }
}
