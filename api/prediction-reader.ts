import type { Prediction } from '../contracts/prediction.ts'
import { predictionIdPattern } from '../contracts/prediction-id.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import { allSettled } from '../lib/all-settled.ts'
import type { ApiDeps } from './deps.ts'
import { createPredictionView } from './prediction-view.ts'
import { Problem } from './problem.ts'

export interface PredictionReader {
  /**
   * The record, if it belongs to the one who asks. Another tenant's, and one whose erasure has started, is as unknown as
   * none: a 404 problem.
   */
  find(id: string, tenant: string): Promise<PredictionRecord>
  /** The same for whoever has a signed URL. */
  findSigned(id: string): Promise<PredictionRecord>
  view(record: PredictionRecord): Promise<Prediction>
}

export const createPredictionReader = (deps: ApiDeps): PredictionReader => {
  const { orchestrator } = deps
  const findSigned = async (id: string): Promise<PredictionRecord> => {
    const none = new Problem(404, 'There is no such prediction')
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
      if (record.tenant !== tenant) throw new Problem(404, 'There is no such prediction')
      return record
    },
    view: createPredictionView(deps),
  }
}
