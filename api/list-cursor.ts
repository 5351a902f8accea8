import { predictionIdPattern } from '../contracts/prediction-id.ts'
import type { ListPosition, ListQuery } from '../temporal/orchestrator.ts'

// A cursor in a URL: a direction, and the position in the list where a page starts or ends.

export const cursorPattern = new RegExp(`^(newer|older)-([0-9]{19})-(${predictionIdPattern.source.slice(1, -1)})$`)

export const encodeCursor = (direction: 'newer' | 'older', { createdNanos, id }: ListPosition): string =>
  `${direction}-${createdNanos}-${id}`

/** Returns undefined if `text` is not a cursor. */
export const decodeCursor = (text: string): Pick<ListQuery, 'newerThan' | 'olderThan'> | undefined => {
  const [, direction, createdNanos, id] = cursorPattern.exec(text) ?? []
  if (!direction || !createdNanos || !id) return undefined
  return direction === 'newer' ? { newerThan: { createdNanos, id } } : { olderThan: { createdNanos, id } }
}
