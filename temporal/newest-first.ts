import type { ListPosition } from './orchestrator.ts'

// Temporal's SQL visibility stores order executions by their end and take no ORDER BY, but count them quickly. So a page
// of the newest is found by looking for a span of time that holds about as many as are wanted, and sorting those.

export interface Visibility<T extends ListPosition> {
  /** How many executions were started in [from, to], milliseconds since 1970, both included. */
  count(from: number, to: number): Promise<number>
  /** All of them. */
  list(from: number, to: number): Promise<T[]>
}

export interface Stretch {
  /** Bounds in milliseconds since 1970, both included. */
  readonly from: number
  readonly to: number
  /** Which end of the stretch is wanted. */
  readonly end: 'newest' | 'oldest'
  readonly limit: number
}

const firstSpanMs = 3_600_000
const growth = 16
/** A span with so many times more than are wanted is made smaller. */
const tolerated = 4
const aimed = 2

/** Newest first. Ids break ties, so that every prediction has one place. */
export const compareNewest = (a: ListPosition, b: ListPosition): number =>
  a.createdNanos === b.createdNanos
    ? a.id < b.id
      ? 1
      : a.id > b.id
        ? -1
        : 0
    : a.createdNanos < b.createdNanos
      ? 1
      : -1

/**
 * At least `limit` executions at one end of a stretch of time, or all that it holds, newest first. What it gives is
 * whole: no execution between two of them is missing.
 */
export const findAtEnd = async <T extends ListPosition>(
  visibility: Visibility<T>,
  { from, to, end, limit }: Stretch,
): Promise<T[]> => {
  if (from > to) return []
  const whole = to - from
  const bounds = (span: number): [number, number] => (end === 'newest' ? [to - span, to] : [from, from + span])
  let tooFew = 0
  let tooMany: number | undefined
  let span = Math.min(firstSpanMs, whole)
  for (;;) {
    const count = await visibility.count(...bounds(span))
    if (count < limit && span < whole) tooFew = span
    else if (count > limit * tolerated && span - tooFew > 1) tooMany = span
    else break
    // As if they were spread evenly; halving where that leads nowhere.
    const even = Math.ceil((span * limit * aimed) / Math.max(count, 1))
    const most = tooMany === undefined ? Math.min(span * growth, whole) : tooMany - 1
    const middle = tooMany === undefined ? most : Math.ceil((tooFew + tooMany) / 2)
    const next = even > tooFew && even <= most ? even : middle
    const near =
      tooMany !== undefined &&
      (next - tooFew < (tooMany - tooFew) / growth || tooMany - next < (tooMany - tooFew) / growth)
    span = near ? middle : next
    if (span === tooMany) break
  }
  return (await visibility.list(...bounds(span))).sort(compareNewest)
}
