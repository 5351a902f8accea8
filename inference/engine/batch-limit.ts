/** How many rows one UNet call may have. */
export interface BatchLimit {
  readonly rows: number
  /** A call of `rows` rows took `ms`, while `waiting` rows wanted to be in it. */
  record(call: { rows: number; ms: number; waiting: number }): void
  /** A call of so many rows did not fit into memory: none that large is tried again. */
  outOfMemory(rows: number): void
}

/** One guided image. */
const firstRows = 2
const mostRows = 64
/** Everyone in a larger batch waits longer, so that each row must cost at least this much less. */
const worthwhile = 0.97
/** Full calls of a size before it is judged; the first warms caches and is left out. */
const callsToJudge = 4

/** A fixed limit, memory permitting. */
export const fixedBatchLimit = (given: number): BatchLimit => {
  let rows = given
  return {
    get rows() {
      return rows
    },
    record: () => undefined,
    outOfMemory: (tried) => {
      rows = Math.ceil(tried / 2)
    },
  }
}

/**
 * The limit that suits the device, found on the work itself: the batch doubles while that makes a row cheaper, and
 * goes back and stays where it does not. Only calls that more rows waited for are judged.
 */
export const measuredBatchLimit = (): BatchLimit => {
  let rows = firstRows
  let settled = false
  let cheapest = Number.POSITIVE_INFINITY
  let timings: number[] = []

  return {
    get rows() {
      return rows
    },
    record: (call) => {
      if (settled || call.rows !== rows || call.waiting <= rows) return
      timings.push(call.ms / call.rows)
      if (timings.length < callsToJudge) return
      const msPerRow = Math.min(...timings.slice(1))
      timings = []
      const better = msPerRow < cheapest * worthwhile
      settled = !better || rows === mostRows
      if (!better) rows /= 2
      else if (!settled) rows *= 2
      cheapest = Math.min(cheapest, msPerRow)
    },
    outOfMemory: (tried) => {
      rows = Math.ceil(tried / 2)
      settled = true
    },
  }
}
