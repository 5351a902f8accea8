import { defineSearchAttributeKey, SearchAttributeType, WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import { executeChild, ParentClosePolicy } from '@temporalio/workflow'
import type { ErasePredictionInput } from '../contracts/erasure.ts'
import { memoField, sealFor } from '../contracts/sealed-value.ts'
import { erasureWorkflowId } from '../contracts/workflow-ids.ts'
import { allSettled } from '../lib/all-settled.ts'

const tenantKey = defineSearchAttributeKey('IdemTenant', SearchAttributeType.KEYWORD)

/** Erases predictions of a tenant as if each had been asked for, and waits for it. */
export const eraseDerived = (ids: readonly string[], tenant: string): Promise<unknown> =>
  allSettled(ids.map((id) => eraseOne(id, tenant)))

const eraseOne = async (predictionId: string, tenant: string): Promise<void> => {
  const input: ErasePredictionInput = { predictionId, tenant, derived: false }
  try {
    await executeChild('erasePrediction', {
      workflowId: erasureWorkflowId(predictionId),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      parentClosePolicy: ParentClosePolicy.ABANDON,
      memo: { [memoField]: sealFor('memo of erasePrediction', tenant, {}) },
      typedSearchAttributes: [{ key: tenantKey, value: tenant }],
      staticSummary: 'Erase a prediction',
      args: [input],
    })
  } catch (error) {
    // Its erasure has been asked for already.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}
