import { ActivityCancellationType, setCurrentDetails } from '@temporalio/workflow'
import type { createAnalysePhoto } from '../activities/analyse-photo.ts'
import type { createIntakePhoto } from '../activities/intake-photo.ts'
import type { EmbedFacesInput, EmbedFacesResult } from '../contracts/embed-faces.ts'
import { allSettled } from '../lib/all-settled.ts'
import { count } from '../lib/count.ts'
import { proxySteps } from './proxy-steps.ts'
import { runPrediction } from './run-prediction.ts'
import { tenantOf } from './tenant-of.ts'

const options = {
  startToCloseTimeout: '1 minute',
  // What it has stored is there to be deleted when a canceled prediction is tidied up.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 6 },
} as const

const { intakePhoto } = proxySteps<ReturnType<typeof createIntakePhoto>>({
  ...options,
  heartbeatTimeout: '15 seconds',
})
const { analysePhoto } = proxySteps<ReturnType<typeof createAnalysePhoto>>(options)

/** Photos in, their faces with boxes, landmarks and vectors out; the vectors lie in the artifact store. */
export async function embedFaces(input: EmbedFacesInput): Promise<EmbedFacesResult> {
  return runPrediction(input, () => embed(input))
}

const embed = async (input: EmbedFacesInput): Promise<EmbedFacesResult> => {
  const { predictionId, photos } = input
  const tenant = tenantOf(input)
  const startedAt = Date.now()
  setCurrentDetails(`**Taking in** ${count(photos.length, 'photo')}`)
  const taken = await allSettled(
    photos.map((source, index) =>
      intakePhoto.executeWithOptions({ summary: `take in photo ${index + 1} of ${photos.length}` }, [
        { predictionId, tenant, index, source },
      ]),
    ),
  )
  const takenAt = Date.now()
  setCurrentDetails(`**Finding and embedding** the faces of ${count(taken.length, 'photo')}`)
  const analysed = await allSettled(
    taken.map(({ photoKey }, index) =>
      analysePhoto.executeWithOptions({ summary: `find and embed the faces of photo ${index + 1}` }, [
        { predictionId, index, photoKey },
      ]),
    ),
  )
  setCurrentDetails(`**Done** · ${count(analysed.length, 'photo')}`)
  return {
    facesKeys: analysed.map(({ facesKey }) => facesKey),
    timingsMs: { intakePhoto: takenAt - startedAt, analysePhoto: Date.now() - takenAt },
  }
}
