import type { MadeWith } from './generate-faces.ts'
import type { PredictionRecord } from './record.ts'

const makerOf = ({ software, onnxruntime, executionProviders, bundleSha256 }: MadeWith) => ({
  software,
  onnxruntime,
  execution_providers: executionProviders,
  bundle_sha256: bundleSha256,
})

/** With it, and the vector of the person, anyone can make the same bytes again. Undefined where there are no images. */
export const predictionManifest = (record: PredictionRecord): Record<string, unknown> | undefined => {
  if (record.workflow !== 'generateFaces' || !record.result) return undefined
  const { input, result } = record
  return {
    manifest: 1,
    prediction: record.id,
    model: record.model,
    created_at: record.createdAt.toISOString(),
    made_with: makerOf(result.madeWith),
    parameters: input.settings,
    ...(input.replayOf && { replay_of: input.replayOf }),
    images: result.images.map(({ seed, sha256, pixelsSha256, similarity, madeWith }) => ({
      seed,
      sha256,
      pixels_sha256: pixelsSha256,
      similarity,
      ...(madeWith && { made_with: makerOf(madeWith) }),
    })),
  }
}
