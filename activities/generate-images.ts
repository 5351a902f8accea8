import { CancelledFailure, Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { type ArtifactStore, artifactKeys, readAll } from '../contracts/artifacts.ts'
import { decodeVector } from '../contracts/embedding.ts'
import { failures } from '../contracts/failures.ts'
import type { DiffusionProgress } from '../contracts/generate-faces.ts'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../inference/checkpoint.ts'
import type { DiffusionEngine } from '../inference/diffusion-engine.ts'
import { encodePng } from '../inference/image.ts'
import type { SchedulerName } from '../inference/numeric/schedulers/index.ts'
import { readArtifact } from './artifacts.ts'

export interface GenerateImagesDeps {
  store: ArtifactStore
  diffusion: DiffusionEngine
}

export interface GenerateImagesInput {
  predictionId: string
  identityKey: string
  attempt: number
  /** Which images of the prediction these are; one seed each. */
  indices: readonly number[]
  seeds: readonly number[]
  numSteps: number
  guidanceScale: number
  scheduler: string
  generator: 'cuda' | 'cpu'
}

export const createGenerateImages = ({ store, diffusion }: GenerateImagesDeps) => ({
  /**
   * Diffuses one image a seed. Every heartbeat names the last stored checkpoint, from which the next attempt goes on;
   * a drained worker hands the rest of the work back at once.
   */
  async generateImages(input: GenerateImagesInput): Promise<{ imageKeys: string[] }> {
    const { predictionId, attempt, indices, seeds, numSteps } = input
    const context = Context.current()
    const imageKeys = indices.map((index) => artifactKeys.image(predictionId, index, attempt))
    const made = await Promise.all(imageKeys.map((key) => store.head(key)))
    if (made.every(Boolean)) return { imageKeys }

    const embedding = decodeVector(await readArtifact(store, input.identityKey))
    const checkpoints = createCheckpointWriter(store, artifactKeys.checkpoint(predictionId, attempt))
    const resume = await checkpoints.read(context.info.heartbeatDetails as DiffusionProgress | undefined)

    const beat = (step: number) =>
      context.heartbeat({ step, of: numSteps, ...checkpoints.last() } satisfies DiffusionProgress)
    beat(resume?.step ?? 0)
    if (resume) context.log.warn(`The diffusion goes on after step ${resume.step} of ${numSteps}`)
    // A long first load or decode must not look like a dead worker.
    let step = resume?.step ?? 0
    const pulse = setInterval(() => beat(step), 2_000)
    try {
      const images = await diffusion.generate(
        {
          images: seeds.map((seed) => ({ embedding, seed })),
          steps: numSteps,
          guidanceScale: input.guidanceScale,
          scheduler: input.scheduler as SchedulerName,
          generator: input.generator,
          ...(resume && { resume }),
        },
        {
          signal: context.cancellationSignal,
          onStep: (event) => {
            step = event.step
            checkpoints.offer(event.checkpoint)
            beat(step)
          },
        },
      )
      await Promise.all(
        images.map(async (image, k) => store.put(imageKeys[k]!, await encodePng(image), { contentType: 'image/png' })),
      )
      return { imageKeys }
    } catch (error) {
      const reason = context.cancellationSignal.aborted ? context.cancellationSignal.reason : undefined
      if (!(reason instanceof CancelledFailure)) throw error
      if (reason.message !== 'WORKER_SHUTDOWN') throw new CancelledFailure(reason.message, [{ step, of: numSteps }])
      await checkpoints.flush()
      beat(step)
      throw ApplicationFailure.create({
        message: `The worker is draining; the next one goes on after step ${step} of ${numSteps}`,
        type: failures.workerDraining,
        nextRetryDelay: '100 milliseconds',
      })
    } finally {
      clearInterval(pulse)
      await checkpoints.settle()
    }
  },
})

/** Stores the newest checkpoint, one put at a time; those that come in between are superseded. */
const createCheckpointWriter = (store: ArtifactStore, key: string) => {
  let stored: number | undefined
  let waiting: Checkpoint | undefined
  let writing: Promise<void> | undefined

  const write = async () => {
    while (waiting) {
      const checkpoint = waiting
      waiting = undefined
      await store.put(key, encodeCheckpoint(checkpoint), { contentType: 'application/octet-stream' })
      stored = checkpoint.step
    }
  }
  const kick = () => {
    // A checkpoint that could not be stored costs steps after a crash, not the job.
    writing ??= write()
      .catch(() => undefined)
      .finally(() => {
        writing = undefined
      })
    return writing
  }
  return {
    offer(checkpoint: Checkpoint) {
      waiting = checkpoint
      void kick()
    },
    flush: () => kick(),
    settle: async () => {
      waiting = undefined
      await writing
    },
    last: () => (stored === undefined ? {} : { checkpointKey: key }),
    async read(progress: DiffusionProgress | undefined): Promise<Checkpoint | undefined> {
      if (!progress?.checkpointKey) return undefined
      const artifact = await store.get(progress.checkpointKey)
      if (!artifact) return undefined
      const checkpoint = decodeCheckpoint(await readAll(artifact))
      stored = checkpoint.step
      return checkpoint
    },
  }
}
