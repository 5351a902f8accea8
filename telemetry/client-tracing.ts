import type { WorkflowClientInterceptor } from '@temporalio/client'
import { withTraceHeader } from './trace-header.ts'
import type { Tracing } from './tracing.ts'

/** The trace of a request goes on in the workflow that it starts. */
export const traceWorkflowStarts = (tracing: Tracing): WorkflowClientInterceptor => {
  const start = <I extends StartInput, O>(input: I, next: (input: I) => Promise<O>): Promise<O> => {
    const { workflowType, options } = input
    const attributes = { workflow_id: options.workflowId }
    return tracing.span(`StartWorkflow:${workflowType}`, { kind: 'CLIENT', attributes }, () =>
      next({ ...input, headers: withTraceHeader(input.headers, tracing.active()) }),
    )
  }
  return { start, startWithDetails: start }
}

type StartInput = Parameters<NonNullable<WorkflowClientInterceptor['start']>>[0]
