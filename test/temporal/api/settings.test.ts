import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import {
  completeSettings,
  type DiffusionSettings,
  diffusionSettingsSchema,
} from '../../../contracts/diffusion-settings.ts'
import type { GenerateFacesInput } from '../../../contracts/generate-faces.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { newPredictionId } from '../../../contracts/prediction-id.ts'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { bundle, photo, startApi, type TestApi } from '../../support/test-api.ts'

// The settings of a diffusion reach the step as they were asked for, and answers repeat them: all of them, also those
// that are added to the schema later.

interface Seen {
  predictionId: string
  settings: DiffusionSettings
}

let api: TestApi
const seen: Seen[] = []
beforeAll(async () => {
  const generate = async (input: object) => {
    seen.push(input as Seen)
  }
  api = await startApi({}, { generate })
})
afterAll(() => api.stop())

const settingsOf = (id: string) => seen.find(({ predictionId }) => predictionId === id)?.settings
const create = (input: object) => api.json(api.post({ input }, { prefer: 'wait=20' }))
const manifestOf = (id: string) => api.json<Record<string, unknown>>(api.request(`/v1/predictions/${id}/manifest`))

/** A value for a field that is not its default. */
const valueFor = (name: string, schema: z.ZodType): unknown => {
  const { enum: choices, minimum, maximum, type } = z.toJSONSchema(schema, { io: 'input' })
  if (choices) return choices.at(-1)
  if (type === 'boolean') return true
  if (minimum !== undefined && maximum !== undefined) return Math.floor((minimum + maximum) / 2)
  throw new Error(`Teach this test a value for ${name}`)
}

describe('each setting of a request', () => {
  const asked = Object.fromEntries(
    Object.entries(diffusionSettingsSchema.shape).map(([name, schema]) => [name, valueFor(name, schema)]),
  )
  // The last scheduler of the list takes few steps.
  const settings = { ...asked, num_steps: 12 }

  it('reaches the step under its own name, and is in the echo, the image record and a replay', async () => {
    const prediction = await create({ input_image: photo, seed: 1, ...settings })
    expect(prediction.status).toBe('succeeded')
    expect(settingsOf(prediction.id)).toEqual(settings)
    expect(prediction.input).toMatchObject(settings)
    expect(await manifestOf(prediction.id)).toMatchObject({ parameters: settings })
    const replay = await create({ replay_of: prediction.id })
    expect(replay.status).toBe('succeeded')
    expect(settingsOf(replay.id)).toEqual(settings)
  })

  it('is the default of the bundle or of the schema if it is omitted', async () => {
    const { id, input } = await create({ input_image: photo })
    const settings = settingsOf(id)!
    expect(settings).toMatchObject({ ...bundle.defaults, generator: 'cuda' })
    expect(Object.keys(settings).sort()).toEqual(Object.keys(diffusionSettingsSchema.shape).sort())
    expect(input).toMatchObject(settings)
  })
})

describe('a prediction with settings that this release does not know', () => {
  it('keeps them from its input to the step, the image record and a replay', async () => {
    const settings = { ...completeSettings(bundle.defaults), made_up: 0.5 }
    const id = await start({ settings })
    expect(settingsOf(id)).toEqual(settings)
    expect(await manifestOf(id)).toMatchObject({ parameters: settings })
    const replay = await create({ replay_of: id })
    expect(settingsOf(replay.id)).toEqual(settings)
  })
})

/** A prediction whose workflow was given this input, and has ended. */
const start = async (more: object): Promise<string> => {
  const predictionId = newPredictionId()
  const input = {
    predictionId,
    retentionMs: 3_600_000,
    keepPhotos: false,
    photos: [{ url: photo }],
    faceSelection: 'largest',
    minFaceSizePx: 0,
    seeds: [1],
    maxAttempts: 3,
    echo: { seed: 1 },
    ...more,
  } as unknown as GenerateFacesInput
  const orchestrator = createGrpcOrchestrator(api.client)
  await orchestrator.start({
    tenant: 'local',
    model: 'idem/arc2face',
    version: bundle.sha256,
    requestHash: predictionId,
    summary: '',
    details: '',
    start: { workflow: 'generateFaces', input },
  })
  expect(await orchestrator.waitForEnd(predictionId, 20_000)).toBe(true)
  return predictionId
}

describe('a prediction from before settings were one object', () => {
  const older = { numSteps: 12, guidanceScale: 2, scheduler: 'ddim', generator: 'cpu' }
  const settings = { num_steps: 12, guidance_scale: 2, scheduler: 'ddim', generator: 'cpu' }
  let id: string
  beforeAll(async () => {
    id = await start(older)
  })

  it('runs with its settings', () => {
    expect(settingsOf(id)).toEqual(settings)
  })

  it('shows its steps and its image record', async () => {
    const { logs, status } = await api.json(api.request(`/v1/predictions/${id}`))
    expect(status).toBe('succeeded')
    expect(logs).toContain('| 12/12')
    expect(await manifestOf(id)).toMatchObject({ parameters: settings })
  })

  it('can be made again', async () => {
    const replay = await create({ replay_of: id })
    expect(replay.status).toBe('succeeded')
    expect(settingsOf(replay.id)).toEqual(settings)
    expect(await manifestOf(replay.id)).toMatchObject({ parameters: settings, replay_of: id })
  })

  it('lends its person', async () => {
    const { id: other, status }: Prediction = await create({ identity_of: id, num_steps: 3 })
    expect(status).toBe('succeeded')
    expect(settingsOf(other)).toMatchObject({ num_steps: 3 })
    expect(await api.store.head(artifactKeys.identity(other))).toBeDefined()
  })
})
