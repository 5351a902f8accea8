/** What the log says of a workflow in Temporal that this service did not write. It counts as none. */
export const forgedWorkflow = 'A workflow was refused: nothing proves that this service wrote it'
