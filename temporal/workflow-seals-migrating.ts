import type { WorkflowInterceptors } from '@temporalio/workflow'
import { sealWorkflows } from './seal-workflows.ts'

// Loaded instead of workflow-seals.ts while payloads of earlier releases are accepted.
export const interceptors = (): WorkflowInterceptors => sealWorkflows({ acceptBare: true })
