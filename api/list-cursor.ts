import { predictionIdPattern } from '../contracts/prediction-id.ts'
import type { ListPosition, ListQuery } from '../temporal/orchestrator.ts'

// Where a page of the list starts or ends, as the cursor of a URL: a direction and a place.

export const cursorPattern = new RegExp(`^(newer|older)-([0-9]{19})-(${predictionIdPattern.source.slice(1, -1)})$`)

export const encodeCursor = (direction: 'newer' | 'older', { createdNanos, id }: ListPosition): string =>
  `${direction}-${createdNanos}-${id}`

/** Undefined where it is no cursor. */
export const decodeCursor = (text: string): Pick<ListQuery, 'newerThan' | 'olderThan'> | undefined => {
  const [, direction, createdNanos, id] = cursorPattern.exec(text) ?? []
  if (!direction || !createdNanos || !id) return undefined
  return direction === 'newer' ? { newerThan: { createdNanos, id } } : { olderThan: { createdNanos, id } }
}
