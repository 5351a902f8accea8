import type { Prediction } from '../contracts/prediction.ts'
import { predictionIdPattern } from '../contracts/prediction-id.ts'
import type { PredictionRecord } from '../contracts/record.ts'
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
  /** The same for a request with a signed URL, which needs no tenant. */
  findSigned(id: string): Promise<PredictionRecord>
  view(record: PredictionRecord): Promise<Prediction>
}

export const createPredictionReader = (deps: ApiDeps): PredictionReader => {
  const { orchestrator } = deps
  const findSigned = async (id: string): Promise<PredictionRecord> => {
    const none = new Problem(404, 'Prediction not found')
    if (!predictionIdPattern.test(id)) throw none
    // Temporal takes up to half a minute to delete a history.
    const [record, erasure] = await allSettled([orchestrator.read(id), orchestrator.readErasure(id)])
    if (!record || erasure) throw none
    return record
  }
  return {
    findSigned,
    find: async (id, tenant) => {
      const record = await findSigned(id)
      if (record.tenant !== tenant) throw new Problem(404, 'Prediction not found')
      return record
    },
    view: createPredictionView(deps),
  }
}
