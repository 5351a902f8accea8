import type { Prediction } from '../contracts/prediction.ts'
import { predictionIdPattern } from '../contracts/prediction-id.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import type { ApiDeps } from './deps.ts'
import { createPredictionView } from './prediction-view.ts'
import { Problem } from './problem.ts'

export interface PredictionReader {
  /** The record, if it belongs to the one who asks. Another tenant's is as unknown as none: a 404 problem. */
  find(id: string, tenant: string): Promise<PredictionRecord>
  view(record: PredictionRecord): Promise<Prediction>
}

export const createPredictionReader = (deps: ApiDeps): PredictionReader => ({
  find: async (id, tenant) => {
    const record = predictionIdPattern.test(id) ? await deps.orchestrator.read(id) : undefined
    if (record?.tenant !== tenant) throw new Problem(404, 'There is no such prediction')
    return record
  },
  view: createPredictionView(deps),
})
