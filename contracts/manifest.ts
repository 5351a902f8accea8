import type { PredictionRecord } from './record.ts'

/** With it, and the vector of the person, anyone can make the same bytes again. Undefined where there are no images. */
export const predictionManifest = (record: PredictionRecord): Record<string, unknown> | undefined => {
  if (record.workflow !== 'generateFaces' || !record.result) return undefined
  const { input, result } = record
  const { software, onnxruntime, executionProviders, bundleSha256 } = result.madeWith
  return {
    manifest: 1,
    prediction: record.id,
    model: record.model,
    created_at: record.createdAt.toISOString(),
    made_with: {
      software,
      onnxruntime,
      execution_providers: executionProviders,
      bundle_sha256: bundleSha256,
    },
    parameters: {
      scheduler: input.scheduler,
      num_steps: input.numSteps,
      guidance_scale: input.guidanceScale,
      generator: input.generator,
    },
    ...(input.replayOf && { replay_of: input.replayOf }),
    images: result.images.map(({ seed, sha256, pixelsSha256, similarity }) => ({
      seed,
      sha256,
      pixels_sha256: pixelsSha256,
      similarity,
    })),
  }
}
