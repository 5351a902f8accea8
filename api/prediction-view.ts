import { type ArtifactStore, readAll } from '../contracts/artifacts.ts'
import { limits } from '../contracts/limits.ts'
import type { Prediction } from '../contracts/prediction.ts'
import { toPrediction } from '../contracts/prediction-view.ts'
import type { PredictionRecord } from '../contracts/record.ts'

export interface PredictionViewDeps {
  store: ArtifactStore
  publicUrl: string
  temporalUiUrl: string
}

/** Shows records as predictions, with URLs signed afresh. */
export const createPredictionView =
  ({ store, publicUrl, temporalUiUrl }: PredictionViewDeps) =>
  (record: PredictionRecord): Promise<Prediction> =>
    toPrediction(record, {
      publicUrl,
      temporalUiUrl,
      readJson: async (key) => {
        const artifact = await store.get(key)
        return artifact ? JSON.parse(new TextDecoder().decode(await readAll(artifact))) : null
      },
      signOutput: (key) => store.signGet(key, { expiresInSeconds: limits.outputUrlSeconds }),
    })
