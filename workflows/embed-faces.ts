import { ActivityCancellationType, setCurrentDetails } from '@temporalio/workflow'
import type { createAnalysePhoto } from '../activities/analyse-photo.ts'
import type { EmbedFacesInput, EmbedFacesResult } from '../contracts/embed-faces.ts'
import { allSettled } from '../lib/all-settled.ts'
import { count } from '../lib/count.ts'
import { proxySteps } from './proxy-steps.ts'
import { runPrediction } from './run-prediction.ts'
import { takeInPhotos } from './take-in-photos.ts'
import { tenantOf } from './tenant-of.ts'

const { analysePhoto } = proxySteps<ReturnType<typeof createAnalysePhoto>>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '30 seconds',
  // What it has stored is there to be deleted when a canceled prediction is tidied up.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
})

/** Photos in, their faces with boxes, landmarks and vectors out; the vectors lie in the artifact store. */
export async function embedFaces(input: EmbedFacesInput): Promise<EmbedFacesResult> {
  return runPrediction(input, () => embed(input))
}

const embed = async (input: EmbedFacesInput): Promise<EmbedFacesResult> => {
  const { predictionId, photos } = input
  const tenant = tenantOf(input)
  const startedAt = Date.now()
  setCurrentDetails(`**Taking in** ${count(photos.length, 'photo')}`)
  const taken = await takeInPhotos(photos, { predictionId, tenant })
  const takenAt = Date.now()
  setCurrentDetails(`**Finding and embedding** the faces of ${count(taken.length, 'photo')}`)
  const analysed = await allSettled(
    taken.map(({ photoKey, width, height }, index) =>
      analysePhoto.executeWithOptions({ summary: `find and embed the faces of photo ${index + 1}` }, [
        { predictionId, index, photoKey, pixels: width * height },
      ]),
    ),
  )
  setCurrentDetails(`**Done** · ${count(analysed.length, 'photo')}`)
  return {
    facesKeys: analysed.map(({ facesKey }) => facesKey),
    timingsMs: { intakePhoto: takenAt - startedAt, analysePhoto: Date.now() - takenAt },
  }
}
