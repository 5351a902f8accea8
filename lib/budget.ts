export interface BudgetOptions {
  /** What may be used at a time. */
  total: number
  /** What may be used under one key at a time; no bound if omitted. */
  perKey?: number
}

export interface BudgetUse {
  /** 1 if omitted. More than fits is taken as all that there is. */
  amount?: number
  /** Who uses it. */
  key?: string
  /** Ends the wait, not the work. */
  signal?: AbortSignal
}

interface Waiter {
  readonly amount: number
  readonly key: string
  readonly start: () => void
}

export interface Budget {
  /** Runs the work as soon as there is room for it, in the order of the calls; who has used up its key lets others pass. */
  run<T>(use: BudgetUse, work: () => Promise<T>): Promise<T>
}

/**
 * Bounds what is in use at a time: slots, pixels, bytes.
 *
 * @example
 * const fetches = createBudget({ total: 16, perKey: 4 })
 * const photo = await fetches.run({ key: tenant, signal }, () => fetchPhoto(url))
 */
export const createBudget = ({ total, perKey = Number.POSITIVE_INFINITY }: BudgetOptions): Budget => {
  const most = Math.min(total, perKey)
  const usedBy = new Map<string, number>()
  const waiting = new Set<Waiter>()
  let used = 0

  const change = (key: string, amount: number) => {
    used += amount
    const left = (usedBy.get(key) ?? 0) + amount
    if (left > 0) usedBy.set(key, left)
    else usedBy.delete(key)
  }

  const startNext = () => {
    for (const waiter of waiting) {
      if ((usedBy.get(waiter.key) ?? 0) + waiter.amount > perKey) continue
      // Those behind it must not pass for ever just because they are smaller.
      if (used + waiter.amount > total) return
      waiting.delete(waiter)
      change(waiter.key, waiter.amount)
      waiter.start()
    }
  }

  const enter = (amount: number, key: string, signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      const leave = () => {
        waiting.delete(waiter)
        reject(signal?.reason)
        // It may have been what the others waited behind.
        startNext()
      }
      const waiter: Waiter = {
        amount,
        key,
        start: () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        },
      }
      signal?.addEventListener('abort', leave, { once: true })
      waiting.add(waiter)
      startNext()
    })

  return {
    run: async ({ amount = 1, key = '', signal }, work) => {
      signal?.throwIfAborted()
      const taken = Math.min(amount, most)
      await enter(taken, key, signal)
      try {
        return await work()
      } finally {
        change(key, -taken)
        startNext()
      }
    },
  }
}
