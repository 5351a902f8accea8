/** Log message for a workflow in Temporal that this service did not write. Such a workflow is treated as not found. */
export const forgedWorkflow = 'Ignored a workflow in Temporal: its data was not written by this service'
