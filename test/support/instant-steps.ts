import { artifactKeys } from '../../contracts/artifact-keys.ts'
import type { Queue } from '../../contracts/queues.ts'
import { type StepOn, stepNames, steps } from '../../contracts/steps.ts'

interface StepInput {
  predictionId: string
  index: number
  indices: number[]
  attempt: number
  imageKeys: string[]
  images: object[]
  seeds: number[]
}

/** Stands in for a step. */
export type StepDouble = (input: StepInput) => Promise<object>

const madeWith = { software: 'test', onnxruntime: '0', executionProviders: ['cpu'], bundleSha256: 'a'.repeat(64) }

const answers: { [Q in Queue]: Partial<Record<StepOn<Q>, StepDouble>> } = {
  control: {},
  cpu: {
    intakePhoto: async ({ predictionId, index }) => ({
      photoKey: artifactKeys.photo(predictionId, index),
      width: 1,
      height: 1,
    }),
    findFace: async () => ({ cropKey: 'crop', box: [0, 0, 1, 1], landmarks: [], score: 1, faces: 1 }),
    embedFace: async ({ predictionId }) => ({ identityKey: artifactKeys.identity(predictionId) }),
    verifyImages: async ({ imageKeys }) => ({ similarity: imageKeys.map(() => 1) }),
    publishImages: async ({ predictionId, images }) => ({
      published: images.map((_, index) => ({
        key: artifactKeys.output(predictionId, index),
        sha256: '0'.repeat(64),
        pixelsSha256: '0'.repeat(64),
      })),
    }),
    analysePhoto: async ({ predictionId, index }) => ({ facesKey: artifactKeys.faces(predictionId, index) }),
  },
  gpu: {
    generateImages: async ({ seeds }) => ({ imageKeys: seeds.map((seed) => `image-${seed}`), madeWith }),
  },
}

/** Every step of a queue, as one that computes and stores nothing. Its answer has the right shape, or is empty. */
export const instantSteps = <Q extends Queue>(queue: Q): Record<StepOn<Q>, StepDouble> => {
  const own: Partial<Record<string, StepDouble>> = answers[queue]
  const names = stepNames.filter((name) => steps[name].queue === queue)
  return Object.fromEntries(names.map((name) => [name, own[name] ?? (async () => ({}))])) as Record<
    StepOn<Q>,
    StepDouble
  >
}
