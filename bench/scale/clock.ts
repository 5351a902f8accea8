interface Entry {
  readonly at: number
  readonly nth: number
  readonly run: () => void
}

const before = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.nth < b.nth)

export interface Clock {
  /** Seconds. */
  readonly now: number
  /** Things at the same time happen in the order in which they were asked for. */
  at(seconds: number, run: () => void): void
  after(seconds: number, run: () => void): void
  /** Lets everything happen that is due by then, and no later. */
  runUntil(seconds: number): void
}

/** Simulated time: a binary heap of what is to happen. */
export const createClock = (): Clock => {
  const heap: Entry[] = []
  let now = 0
  let count = 0

  const push = (entry: Entry) => {
    let i = heap.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(entry, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = entry
  }
  const pop = (): Entry => {
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1
      if (!before(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return first
  }

  const at = (seconds: number, run: () => void) => push({ at: Math.max(seconds, now), nth: count++, run })
  return {
    get now() {
      return now
    },
    at,
    after: (seconds, run) => at(now + seconds, run),
    runUntil: (seconds) => {
      while (heap.length > 0 && heap[0]!.at <= seconds) {
        const next = pop()
        now = next.at
        next.run()
      }
      now = seconds
    },
  }
}
