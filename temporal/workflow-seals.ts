import type { WorkflowInterceptors } from '@temporalio/workflow'
import { sealWorkflows } from './seal-workflows.ts'

// Loaded by its path, into the workflows' bundle.
export const interceptors = (): WorkflowInterceptors => sealWorkflows({ acceptBare: false })
