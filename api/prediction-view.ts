import { limits } from '../contracts/limits.ts'
import type { Prediction } from '../contracts/prediction.ts'
import { toPrediction } from '../contracts/prediction-view.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import { saysErased } from '../lib/crypto/encryption-error.ts'
import type { SigningKey } from '../lib/crypto/hmac.ts'
import { type ArtifactStore, readJson } from '../storage/store.ts'
import { signStreamUrl } from './stream-url.ts'

export interface PredictionViewDeps {
  store: ArtifactStore
  publicUrl: string
  temporalUiUrl: string
  /** The first one signs the URLs of streams. */
  urlSigningKeys: readonly SigningKey[]
}

/** Shows records as predictions, with URLs signed afresh. */
export const createPredictionView =
  ({ store, publicUrl, temporalUiUrl, urlSigningKeys }: PredictionViewDeps) =>
  (record: PredictionRecord): Promise<Prediction> =>
    toPrediction(record, {
      publicUrl,
      temporalUiUrl,
      signStream: (id) => signStreamUrl(id, { publicUrl, signingKeys: urlSigningKeys }),
      readJson: async (key) => {
        try {
          return (await readJson(store, key)) ?? null
        } catch (error) {
          // It is being erased: its data goes before its history.
          if (saysErased(error)) return null
          throw error
        }
      },
      signOutput: (key) => store.signGet(key, { expiresInSeconds: limits.outputUrlSeconds }),
    })
