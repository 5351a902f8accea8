import type { GenerateFacesInput, GenerateFacesResult, MadeWith } from '../../contracts/generate-faces.ts'
import type { ImageRecord } from '../../contracts/image-record.ts'
import type { PredictionRecord } from '../../contracts/record.ts'
import { withSettings } from '../../contracts/renamed-settings.ts'
import type { Succeeded } from './define-model.ts'

/** The workflow of `idem/arc2face`. */
export const workflow = 'generateFaces'

/** Returns a prediction of `idem/arc2face`, or undefined for other models. */
export const arc2faceRecord = (
  record: PredictionRecord,
): PredictionRecord<GenerateFacesInput, GenerateFacesResult> | undefined =>
  record.workflow === workflow
    ? ({ ...record, input: withSettings(record.input as GenerateFacesInput) } as PredictionRecord<
        GenerateFacesInput,
        GenerateFacesResult
      >)
    : undefined

const makerOf = ({ software, onnxruntime, executionProviders, bundleSha256 }: MadeWith) => ({
  software,
  onnxruntime,
  execution_providers: executionProviders,
  bundle_sha256: bundleSha256,
})

export const imageRecord = ({
  id,
  model,
  createdAt,
  input,
  result,
}: Succeeded<GenerateFacesInput, GenerateFacesResult>): ImageRecord => ({
  manifest: 1,
  prediction: id,
  model,
  created_at: createdAt.toISOString(),
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
})
