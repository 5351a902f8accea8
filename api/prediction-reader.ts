import type { Prediction } from '../contracts/prediction.ts'
import { predictionIdPattern } from '../contracts/prediction-id.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import type { UrlHolder } from '../contracts/url-holder.ts'
import { allSettled } from '../lib/all-settled.ts'
import type { ApiDeps } from './deps.ts'
import { createPredictionView } from './prediction-view.ts'
import { Problem } from './problem.ts'

export interface PredictionReader {
  /**
   * The record of a prediction. Throws a 404 problem if there is none, if it belongs to another tenant, or if its
   * erasure has started.
   */
  find(id: string, tenant: string): Promise<PredictionRecord>
  /** The prediction as the API answers it. Its signed URLs are for `holder`. */
  view(record: PredictionRecord, holder: UrlHolder): Promise<Prediction>
}

export const createPredictionReader = (deps: ApiDeps): PredictionReader => {
  const { orchestrator } = deps
  return {
    find: async (id, tenant) => {
      const none = new Problem(404, 'Prediction not found')
      if (!predictionIdPattern.test(id)) throw none
      // Temporal takes up to half a minute to delete a history.
      const [record, erasure] = await allSettled([orchestrator.read(id), orchestrator.readErasure(id)])
      if (!record || erasure || record.tenant !== tenant) throw none
      return record
    },
    view: createPredictionView(deps),
  }
}
