import { completeReceipt, type ErasureReceipt } from '../contracts/erasure.ts'
import { pollUntil } from '../lib/poll-until.ts'
import type { Orchestrator } from '../temporal/orchestrator.ts'

/** How long DELETE waits for the erasure to finish. */
const eraseWait = { everyMs: 100, timeoutMs: 20_000 }

/** Waits for erasures, which go on without it. */
export const createEraser = ({ readErasure, erase }: Pick<Orchestrator, 'readErasure' | 'erase'>) => {
  /** The receipt of an erasure that was started; undefined if it takes longer than a request may. */
  const waitFor = async (id: string): Promise<ErasureReceipt | undefined> => {
    const erasure = await pollUntil(
      () => readErasure(id),
      (now) => now?.receipt !== undefined,
      eraseWait,
    )
    return erasure?.receipt && completeReceipt(erasure.receipt)
  }

  return {
    waitFor,
    /** Erases predictions of a tenant, and says whether all of them are erased. */
    eraseAll: async (ids: readonly string[], tenant: string): Promise<boolean> => {
      await Promise.all(ids.map((id) => erase(id, { tenant, derived: false })))
      const receipts = await Promise.all(ids.map(waitFor))
      return receipts.every((receipt) => receipt !== undefined)
    },
  }
}
