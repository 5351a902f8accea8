import { ActivityCancellationType } from '@temporalio/workflow'
import type { createIntakePhoto, IntakenPhoto } from '../activities/intake-photo.ts'
import type { PhotoSource } from '../contracts/generate-faces.ts'
import { outboundQueue } from '../contracts/queues.ts'
import { allSettled } from '../lib/all-settled.ts'
import { proxySteps } from './proxy-steps.ts'

type IntakePhoto = ReturnType<typeof createIntakePhoto>

const options = {
  heartbeatTimeout: '15 seconds',
  // What it has stored is there to be deleted when a canceled prediction is tidied up.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const

const stored = proxySteps<IntakePhoto>({ ...options, startToCloseTimeout: '2 minutes' })
// It may wait for a while until its tenant's other photos have been fetched.
const fetched = proxySteps<IntakePhoto>({ ...options, startToCloseTimeout: '10 minutes' }, outboundQueue)

/** Takes in the photos of a prediction, side by side. */
export const takeInPhotos = (
  photos: readonly PhotoSource[],
  { predictionId, tenant }: { predictionId: string; tenant: string | undefined },
): Promise<IntakenPhoto[]> =>
  allSettled(
    photos.map((source, index) =>
      ('url' in source ? fetched : stored).intakePhoto.executeWithOptions(
        { summary: `take in photo ${index + 1} of ${photos.length}` },
        [{ predictionId, tenant, index, source }],
      ),
    ),
  )
