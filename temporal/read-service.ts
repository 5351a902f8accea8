import type { AcceptedPayloads } from '../lib/accepted-payloads.ts'
import type { Description, ExecutionInfo, HistoryEvent, Time } from './messages.ts'
import type { HistoryReader } from './read-history.ts'

/** What whoever opens a gateway decides about what is read. */
export interface ReadingOptions {
  /** Which payloads are read; only sealed ones if omitted. */
  accept?: AcceptedPayloads
  /** Called with a workflow that was not written by this service; it counts as none. */
  onForged?: (workflowId: string, error: Error) => void
}

/** Temporal's calls that read, over whatever transport. */
export interface ReadService extends HistoryReader, Pick<ReadingOptions, 'onForged'> {
  /** Runs calls; throws `OrchestratorUnavailable` where the server did not do `what`. */
  call<T>(what: string, run: () => Promise<T>): Promise<T>
  /** The same; undefined where the server has nothing by that name. */
  known<T>(what: string, run: () => Promise<T>): Promise<T | undefined>
  describe(id: string): Promise<Description>
  /** All events of the execution, or of one of its runs. */
  fetchHistory(id: string, runId?: string | null): Promise<HistoryEvent[]>
  count(query: string): Promise<number>
  list(query: string, page: { size: number; token?: string | Uint8Array }): Promise<ExecutionPage>
  /** Who asks for tasks of a queue, those included that are gone since a few minutes. */
  pollers(
    queue: string,
    kind: 'WORKFLOW' | 'ACTIVITY',
  ): Promise<readonly { lastAccessTime?: Time }[] | null | undefined>
}

export interface ExecutionPage {
  executions?: readonly ExecutionInfo[] | null
  nextPageToken?: string | Uint8Array | null
}
