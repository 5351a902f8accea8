import { workflowInfo } from '@temporalio/workflow'
import type { PredictionOptions } from '../contracts/prediction-options.ts'

/** Whose prediction it is. Those that an earlier release started say it only in their memo. */
export const tenantOf = ({ tenant }: PredictionOptions): string | undefined => {
  const { memo } = workflowInfo()
  return tenant ?? (typeof memo?.tenant === 'string' ? memo.tenant : undefined)
}
