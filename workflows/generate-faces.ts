import { ActivityCancellationType, setCurrentDetails } from '@temporalio/workflow'
import type { createEmbedFace } from '../activities/embed-face.ts'
import type { createFindFace } from '../activities/find-face.ts'
import type { createGenerateImages } from '../activities/generate-images.ts'
import type { createPublishImages } from '../activities/publish-images.ts'
import type { createVerifyImages } from '../activities/verify-images.ts'
import type {
  FoundFace,
  GenerateFacesInput,
  GenerateFacesResult,
  ImageResult,
  MadeWith,
} from '../contracts/generate-faces.ts'
import { withSettings } from '../contracts/renamed-settings.ts'
import { allSettled } from '../lib/all-settled.ts'
import { count } from '../lib/count.ts'
import { modelNameOf } from './model-name.ts'
import { proxySteps } from './proxy-steps.ts'
import { runPrediction } from './run-prediction.ts'
import { takeInPhotos } from './take-in-photos.ts'
import { tenantOf } from './tenant-of.ts'
import type { Notify } from './with-webhook.ts'

const { findFace, embedFace, verifyImages } = proxySteps<
  ReturnType<typeof createFindFace> & ReturnType<typeof createEmbedFace> & ReturnType<typeof createVerifyImages>
>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '30 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
})

const { generateImages } = proxySteps<ReturnType<typeof createGenerateImages>>({
  startToCloseTimeout: '2 hours',
  // A killed worker is noticed after this long; the next attempt resumes at the last checkpoint.
  heartbeatTimeout: '10 seconds',
  // The device is free before the workflow ends.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
})

const { publishImages } = proxySteps<ReturnType<typeof createPublishImages>>({
  startToCloseTimeout: '2 minutes',
  // No image is published after an erasure has deleted them.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
})

/** Photos of a person in, new images of that person out. Keys and numbers only: bytes and vectors stay in the store. */
export async function generateFaces(given: GenerateFacesInput): Promise<GenerateFacesResult> {
  const input = withSettings(given)
  return runPrediction(input, (notify) => generate(input, notify))
}

const generate = async (input: GenerateFacesInput, notify: Notify): Promise<GenerateFacesResult> => {
  const { predictionId } = input
  const timingsMs: Record<string, number> = {}
  const timed: Timed = async (name, details, step) => {
    const startedAt = Date.now()
    setCurrentDetails(details)
    const value = await step()
    timingsMs[name] = (timingsMs[name] ?? 0) + Date.now() - startedAt
    notify('logs')
    return value
  }

  const { identityKey, faces } = input.identityKey
    ? { identityKey: input.identityKey, faces: [] }
    : await identify(input, timed)

  const images = input.seeds.map((seed) => ({ seed, attempts: [] as Attempt[] }))
  let open = images.map((_, index) => index)
  for (let attempt = 0; open.length > 0 && attempt < input.maxAttempts; attempt++) {
    // Seeds of a later attempt lie past those of all earlier ones, so that each can be reproduced separately.
    const seeds = open.map((index) => images[index]!.seed + attempt * images.length)
    const work = `${count(seeds.length, 'image')} · ${input.settings.num_steps} steps`
    const nth = attempt === 0 ? '' : ` · attempt ${attempt + 1} of ${input.maxAttempts}`
    const { imageKeys, madeWith } = await timed('generateImages', `**Diffusing** ${work}${nth}`, () =>
      generateImages.executeWithOptions({ summary: `diffuse ${work}${nth}` }, [
        {
          predictionId,
          identityKey,
          attempt,
          indices: open,
          seeds,
          settings: input.settings,
        },
      ]),
    )
    const made = count(imageKeys.length, 'image')
    const { similarity, pixelsSha256 } = await timed('verifyImages', `**Comparing** ${made} with the person`, () =>
      verifyImages.executeWithOptions({ summary: `compare ${made} with the person` }, [
        { predictionId, identityKey, imageKeys },
      ]),
    )
    open.forEach((index, k) => {
      images[index]!.attempts.push({
        seed: seeds[k]!,
        similarity: similarity[k] ?? null,
        imageKey: imageKeys[k]!,
        madeWith,
        ...(pixelsSha256 && { pixelsSha256: pixelsSha256[k]! }),
      })
    })
    const { minSimilarity } = input
    if (minSimilarity === undefined) break
    open = open.filter((_, k) => (similarity[k] ?? -1) < minSimilarity)
  }

  const kept = images.map(({ attempts }) => best(attempts))
  const { madeWith } = kept[0]!
  /** Attempts may have been made by different workers. */
  const other = (own: MadeWith) => (sameMaker(own, madeWith) ? {} : { madeWith: own })
  const all = count(kept.length, 'image')
  const { published } = await timed('publishImages', `**Publishing** ${all}`, () =>
    publishImages.executeWithOptions({ summary: `publish ${all}` }, [
      {
        predictionId,
        model: modelNameOf(input),
        madeWith,
        ...(input.replayOf && { markedAs: input.replayOf }),
        images: kept.map(({ similarity: _, madeWith: own, ...image }) => ({ ...image, ...other(own) })),
      },
    ]),
  )
  notify('output')
  setCurrentDetails(`**Done** · ${all}`)
  return {
    images: kept.map(
      ({ seed, similarity, madeWith: own }, index): ImageResult => ({
        ...published[index]!,
        seed,
        similarity,
        ...other(own),
        attempts: images[index]!.attempts.map((a) => ({ seed: a.seed, similarity: a.similarity })),
      }),
    ),
    faces,
    madeWith,
    timingsMs,
  }
}

interface Attempt {
  seed: number
  similarity: number | null
  imageKey: string
  madeWith: MadeWith
  pixelsSha256?: string
}

/** The attempt most like the person; the first of equals. */
const best = (attempts: readonly Attempt[]): Attempt =>
  attempts.reduce((a, b) => ((b.similarity ?? -1) > (a.similarity ?? -1) ? b : a))

const sameMaker = (a: MadeWith, b: MadeWith): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Runs a step; `details` is Markdown, shown while it runs. */
type Timed = <T>(name: string, details: string, step: () => Promise<T>) => Promise<T>

/** One vector from one or several photos of a person. */
const identify = async (
  input: GenerateFacesInput,
  timed: Timed,
): Promise<{ identityKey: string; faces: FoundFace[] }> => {
  const { predictionId, photos, faceSelection, minFaceSizePx } = input
  const tenant = tenantOf(input)
  const taken = await timed('intakePhoto', `**Taking in** ${count(photos.length, 'photo')}`, () =>
    takeInPhotos(photos, { predictionId, tenant }),
  )
  const found = await timed('findFace', `**Looking for the face** in ${count(taken.length, 'photo')}`, () =>
    allSettled(
      taken.map(({ photoKey, width, height }, index) =>
        findFace.executeWithOptions({ summary: `detect a face in photo ${index + 1}` }, [
          { predictionId, index, photoKey, pixels: width * height, faceSelection, minFaceSizePx },
        ]),
      ),
    ),
  )
  const faces = count(found.length, 'face')
  const { identityKey } = await timed('embedFace', `**Embedding** ${faces}`, () =>
    embedFace.executeWithOptions({ summary: `embed ${faces}` }, [
      { predictionId, cropKeys: found.map(({ cropKey }) => cropKey) },
    ]),
  )
  return { identityKey, faces: found.map(({ cropKey: _, ...face }) => face) }
}
