import { CancelledFailure, Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import { completeSettings, type DiffusionSettings } from '../contracts/diffusion-settings.ts'
import { decodeVector } from '../contracts/embedding.ts'
import { failures } from '../contracts/failures.ts'
import type { DiffusionProgress, MadeWith } from '../contracts/generate-faces.ts'
import { withSettings } from '../contracts/renamed-settings.ts'
import type { Checkpoint } from '../inference/diffusion/checkpoint.ts'
import type { DiffusionEngine } from '../inference/engine/diffusion-engine.ts'
import { encodePng } from '../inference/photos/encode.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'
import { createCheckpoints, isCheckpointError } from './shared/checkpoints.ts'
import { readMade, recordMade } from './shared/made-images.ts'
import { createPreviews } from './shared/previews.ts'

export interface GenerateImagesDeps {
  store: ArtifactStore
  diffusion: DiffusionEngine
  madeWith: MadeWith
}

export interface GenerateImagesInput {
  predictionId: string
  identityKey: string
  attempt: number
  /** Which images of the prediction these are; one seed each. */
  indices: readonly number[]
  seeds: readonly number[]
  settings: DiffusionSettings
}

export interface GenerateImagesResult {
  imageKeys: string[]
  /** What made these images: not this worker if an earlier attempt had stored them. */
  madeWith: MadeWith
}

/** How many previews a run stores at most, whatever its number of steps. */
const previewsPerRun = 12

export const createGenerateImages = ({ store, diffusion, madeWith }: GenerateImagesDeps) => ({
  /**
   * Diffuses one image per seed. Every heartbeat names the last stored checkpoint, at which the next attempt resumes;
   * a drained worker hands the rest of the work back at once. A checkpoint that cannot be used costs only steps.
   */
  async generateImages(input: GenerateImagesInput): Promise<GenerateImagesResult> {
    const { predictionId, attempt, indices, seeds, identityKey } = input
    const settings = completeSettings(withSettings(input).settings)
    const of = settings.num_steps
    const context = Context.current()
    const imageKeys = indices.map((index) => artifactKeys.image(predictionId, index, attempt))
    const made = await readMade(store, artifactKeys.madeWith(predictionId, attempt), imageKeys)
    if (made) return { imageKeys, madeWith: made }

    const embedding = decodeVector(await readArtifact(store, identityKey, input))
    const checkpoints = createCheckpoints(store, artifactKeys.checkpoint(predictionId, attempt))
    const previews = createPreviews(store, artifactKeys.preview(predictionId, attempt), indices)
    let step = 0
    const beat = () =>
      context.heartbeat({ step, of, ...checkpoints.last(), ...previews.last() } satisfies DiffusionProgress)

    const diffuse = (resume: Checkpoint | undefined) => {
      step = resume?.step ?? 0
      beat()
      if (resume) context.log.warn(`The diffusion resumes after step ${step} of ${of}`)
      return diffusion.generate(
        { images: seeds.map((seed) => ({ embedding, seed })), settings, ...(resume && { resume }) },
        {
          signal: context.cancellationSignal,
          previewEvery: Math.max(1, Math.round(of / previewsPerRun)),
          onStep: (event) => {
            step = event.step
            checkpoints.offer(event.checkpoint)
            if (event.previews) previews.offer(event.step, event.previews)
            beat()
          },
        },
      )
    }
    const resumeAndDiffuse = async () => {
      try {
        const { checkpointKey } = (context.info.heartbeatDetails ?? {}) as Partial<DiffusionProgress>
        return await diffuse(await checkpoints.read(checkpointKey))
      } catch (error) {
        if (!isCheckpointError(error)) throw error
        context.log.warn(`The diffusion starts over: ${(error as Error).message}`)
        checkpoints.forget()
        return diffuse(undefined)
      }
    }

    // A long first load or decode must not look like a dead worker.
    const pulse = setInterval(beat, 2_000)
    try {
      const images = await resumeAndDiffuse()
      await Promise.all(
        images.map(async (image, k) => store.put(imageKeys[k]!, await encodePng(image), { contentType: 'image/png' })),
      )
      await recordMade(store, artifactKeys.madeWith(predictionId, attempt), madeWith)
      return { imageKeys, madeWith }
    } catch (error) {
      const reason = context.cancellationSignal.aborted ? context.cancellationSignal.reason : undefined
      if (!(reason instanceof CancelledFailure)) throw error
      if (reason.message !== 'WORKER_SHUTDOWN') throw new CancelledFailure(reason.message, [{ step, of }])
      await checkpoints.flush()
      beat()
      throw ApplicationFailure.create({
        message: `The worker is draining; another one resumes after step ${step} of ${of}`,
        type: failures.workerDraining,
        nextRetryDelay: '100 milliseconds',
      })
    } finally {
      // With heartbeats: a step that times out while it still writes is tidied up after before it has ended.
      await Promise.all([checkpoints.settle(), previews.settle()]).finally(() => clearInterval(pulse))
    }
  },
})
