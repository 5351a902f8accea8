import { CancelledFailure, Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import { decodeVector } from '../contracts/embedding.ts'
import { failures } from '../contracts/failures.ts'
import type { DiffusionProgress, MadeWith, Preview } from '../contracts/generate-faces.ts'
import type { SchedulerName } from '../contracts/schedulers.ts'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../inference/diffusion/checkpoint.ts'
import type { DiffusionEngine } from '../inference/engine/diffusion-engine.ts'
import type { RgbImage } from '../inference/numeric/image.ts'
import { encodeJpeg, encodePng } from '../inference/photos/encode.ts'
import { toDataUri } from '../lib/data-uri.ts'
import { type ArtifactStore, putJson, readAll } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'

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
  numSteps: number
  guidanceScale: number
  scheduler: string
  generator: 'cuda' | 'cpu'
}

/** How many previews a run stores at most, whatever its number of steps. */
const previewsPerRun = 12
const previewQuality = 80

export const createGenerateImages = ({ store, diffusion, madeWith }: GenerateImagesDeps) => ({
  /**
   * Diffuses one image a seed. Every heartbeat names the last stored checkpoint, from which the next attempt goes on;
   * a drained worker hands the rest of the work back at once.
   */
  async generateImages(input: GenerateImagesInput): Promise<{ imageKeys: string[]; madeWith: MadeWith }> {
    const { predictionId, attempt, indices, seeds, numSteps } = input
    const context = Context.current()
    const imageKeys = indices.map((index) => artifactKeys.image(predictionId, index, attempt))
    const made = await Promise.all(imageKeys.map((key) => store.head(key)))
    if (made.every(Boolean)) return { imageKeys, madeWith }

    const embedding = decodeVector(await readArtifact(store, input.identityKey))
    const checkpoints = createCheckpointWriter(store, artifactKeys.checkpoint(predictionId, attempt))
    const previews = createPreviewWriter(store, artifactKeys.preview(predictionId, attempt), indices)
    const resume = await checkpoints.read(context.info.heartbeatDetails as DiffusionProgress | undefined)

    const beat = (step: number) =>
      context.heartbeat({ step, of: numSteps, ...checkpoints.last(), ...previews.last() } satisfies DiffusionProgress)
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
          previewEvery: Math.max(1, Math.round(numSteps / previewsPerRun)),
          onStep: (event) => {
            step = event.step
            checkpoints.offer(event.checkpoint)
            if (event.previews) previews.offer(event.step, event.previews)
            beat(step)
          },
        },
      )
      await Promise.all(
        images.map(async (image, k) => store.put(imageKeys[k]!, await encodePng(image), { contentType: 'image/png' })),
      )
      return { imageKeys, madeWith }
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
      await Promise.all([checkpoints.settle(), previews.settle()])
    }
  },
})

/** Runs `write` for the newest value, one at a time; those that come in between are superseded. */
const createLatestWriter = <T>(write: (value: T) => Promise<void>) => {
  let waiting: { value: T } | undefined
  let writing: Promise<void> | undefined
  const run = async () => {
    while (waiting) {
      const { value } = waiting
      waiting = undefined
      await write(value)
    }
  }
  const kick = () => {
    // What could not be stored costs steps after a crash, or a picture: not the job.
    writing ??= run()
      .catch(() => undefined)
      .finally(() => {
        writing = undefined
      })
    return writing
  }
  return {
    offer(value: T) {
      waiting = { value }
      void kick()
    },
    /** Writes what waits. */
    flush: kick,
    /** Drops what waits, and lets what is being written end. */
    settle: async () => {
      waiting = undefined
      await writing
    },
  }
}

/** Stores how the images look so far. */
const createPreviewWriter = (store: ArtifactStore, key: string, indices: readonly number[]) => {
  let stored: number | undefined
  const { offer, settle } = createLatestWriter(
    async ({ step, images }: { step: number; images: readonly RgbImage[] }) => {
      const jpegs = await Promise.all(images.map((image) => encodeJpeg(image, previewQuality)))
      const preview: Preview = {
        step,
        images: jpegs.map((jpeg, k) => ({
          index: indices[k]!,
          image: toDataUri('image/jpeg', jpeg),
        })),
      }
      await putJson(store, key, preview)
      stored = step
    },
  )
  return {
    offer: (step: number, images: readonly RgbImage[]) => offer({ step, images }),
    settle,
    last: () => (stored === undefined ? {} : { preview: { key, step: stored } }),
  }
}

/** Stores the newest checkpoint. */
const createCheckpointWriter = (store: ArtifactStore, key: string) => {
  let stored: number | undefined
  const writer = createLatestWriter(async (checkpoint: Checkpoint) => {
    await store.put(key, encodeCheckpoint(checkpoint), { contentType: 'application/octet-stream' })
    stored = checkpoint.step
  })
  return {
    ...writer,
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
