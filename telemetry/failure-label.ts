import { CancelledFailure } from '@temporalio/common'
import { failures } from '../contracts/failures.ts'

const known: ReadonlySet<unknown> = new Set(Object.values(failures))

/** One of our failure types: what others throw must not grow the list of labels. */
export const failureLabel = (type: unknown): string => (known.has(type) ? (type as string) : failures.internal)

/** How an attempt has ended that threw `error`. */
export const failureOf = (error: unknown): string => {
  if (error instanceof CancelledFailure || (error as Error | undefined)?.name === 'AbortError') return 'canceled'
  return failureLabel((error as { type?: unknown } | undefined)?.type)
}
