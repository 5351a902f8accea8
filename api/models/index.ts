import { arc2face } from './arc2face.ts'
import type { Model } from './define-model.ts'
import { faceEmbedding } from './face-embedding.ts'

/** The models of this API, in the order in which they are listed. */
export const models: readonly Model[] = [arc2face, faceEmbedding]
