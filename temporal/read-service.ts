import type { Decode, Description, ExecutionInfo, HistoryEvent, Time } from './messages.ts'

/** Temporal's calls that read, over whatever transport. */
export interface ReadService {
  readonly namespace: string
  readonly decode: Decode
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
