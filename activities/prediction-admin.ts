/** How a prediction stands, for those who clean up after it. */
export interface Standing {
  readonly running: boolean
  readonly endedAt?: Date
}

/** What cleaning up needs of Temporal. */
export interface PredictionAdmin {
  /** Undefined where there is no such workflow. */
  standing(workflowId: string): Promise<Standing | undefined>
  cancel(workflowId: string): Promise<void>
  terminate(workflowId: string, reason: string): Promise<void>
  /** Deletes a workflow that has ended, with its history; nothing happens where there is none. */
  deleteHistory(workflowId: string): Promise<void>
  /** Ids of ended predictions that expire in (after, until], milliseconds since 1970. */
  listExpired(after: number, until: number): AsyncIterable<string>
}
