import { arc2face } from './arc2face.ts'
import type { Model } from './define-model.ts'
import { faceEmbedding } from './face-embedding.ts'

/** The models of the API, in the order of `GET /v1/models`. */
export const models: readonly Model[] = [arc2face, faceEmbedding]
