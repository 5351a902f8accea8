/** How a prediction stands, for those who clean up after it. */
export interface Standing {
  readonly runId: string
  readonly running: boolean
  readonly endedAt?: Date
}

/** What cleaning up needs of Temporal. */
export interface PredictionAdmin {
  /** Of its latest run, or of the run that is named. Undefined if there is none. */
  standing(workflowId: string, runId?: string): Promise<Standing | undefined>
  cancel(workflowId: string): Promise<void>
  terminate(workflowId: string, reason: string): Promise<void>
  /** Every run of a workflow: more than one where it was reset, or went on as a new one. Late by a moment. */
  runs(workflowId: string): Promise<string[]>
  /** Deletes a run that has ended, with its history; does nothing if there is none. */
  deleteRun(workflowId: string, runId: string): Promise<void>
  /** Ids of ended predictions that expire in (after, until], milliseconds since 1970. */
  listExpired(after: number, until: number): AsyncIterable<string>
}
