import type { Orchestrator } from './orchestrator.ts'

export interface EndPage {
  history?: { events?: readonly unknown[] | null } | null
  nextPageToken?: string | Uint8Array | null
}

/**
 * One long poll for the last event of an execution. An empty page where the server has held it long enough, or `signal`
 * has aborted.
 */
export type PollEnd = (id: string, token: EndPage['nextPageToken'], signal: AbortSignal) => Promise<EndPage>

/** Waits for the end of an execution, by long polls one after the other. */
export const createWaitForEnd =
  (poll: PollEnd): Orchestrator['waitForEnd'] =>
  async (id, timeoutMs, signal) => {
    // A server answers at once when a call's deadline is near: the end of the wait is ours, not the call's.
    const over = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
    let token: EndPage['nextPageToken']
    while (!over.aborted) {
      const page = await poll(id, token, over)
      if (page.history?.events?.length) return true
      token = page.nextPageToken?.length ? page.nextPageToken : undefined
    }
    return false
  }
