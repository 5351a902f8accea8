import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow'
import { failures } from '../contracts/failures.ts'
import type { PredictionOptions } from '../contracts/prediction-options.ts'

const modelKey = defineSearchAttributeKey('IdemModel', SearchAttributeType.KEYWORD)

/**
 * The model that makes this prediction, as owner/name. Inputs that an earlier release wrote do not name it; the search
 * attribute that predictions are listed by does.
 */
export const modelNameOf = ({ model }: PredictionOptions): string => {
  const name = model ?? workflowInfo().typedSearchAttributes.get(modelKey)
  if (name) return name
  throw ApplicationFailure.nonRetryable('The input of this prediction does not name its model', failures.internal)
}
