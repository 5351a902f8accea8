import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyBundle } from '../../../cli/bundles/verify.ts'
import type { DiffusionSettings } from '../../../contracts/diffusion-settings.ts'
import { failures } from '../../../contracts/failures.ts'
import { loadBundle } from '../../../inference/bundle.ts'
import { BundleError } from '../../../inference/bundle-error.ts'
import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
} from '../../../inference/diffusion/checkpoint.ts'
import { denoise } from '../../../inference/diffusion/denoise.ts'
import { type GenerateRequest, type ImageRequest, RequestError } from '../../../inference/diffusion/request.ts'
import type { Unet } from '../../../inference/diffusion/unet.ts'
import type { UnetRow } from '../../../inference/diffusion/unet-row.ts'
import { fixedBatchLimit } from '../../../inference/engine/batch-limit.ts'
import { type Batch, createBatcher } from '../../../inference/engine/batcher.ts'
import { createDiffusionEngine } from '../../../inference/engine/diffusion-engine.ts'
import { readGolden, rowOf } from '../../support/arrays.ts'
import { makeConditionedBundle } from '../../support/conditioned-bundle.ts'
import { type Diffusion, loadDiffusion } from '../../support/networks.ts'
import { settings as defaults } from '../../support/settings.ts'

const face = rowOf(readGolden('arc2face-tiny/face_embeddings.npy'), 0)
const colour = Float32Array.of(0.2, -0.4, 0.1, 0.3)
const settings: DiffusionSettings = { ...defaults, num_steps: 5 }

const request = (conditionings: ImageRequest['conditionings'] = {}, more: object = {}): GenerateRequest => ({
  images: [{ embedding: face, seed: 4, conditionings: { colour, ...conditionings } }],
  settings: { ...settings, ...more },
})

const happy = request({ mood: Float32Array.of(1, 0, 0) })
const sad = request({ mood: Float32Array.of(0, -1, 2), mood_scale: 0.5 })
const plain = request()

let bundle: { folder: string; remove(): Promise<void> }
let diffusion: Diffusion
beforeAll(async () => {
  bundle = await makeConditionedBundle()
  diffusion = await loadDiffusion(bundle.folder)
})
afterAll(() => bundle.remove())

const run = (job: GenerateRequest) => denoise(diffusion, diffusion.model, job)

describe('jobs with different conditionings', () => {
  it('share batches, and each makes what it makes alone, bit for bit', async () => {
    const jobs = [happy, sad, plain, request({ colour: new Float32Array(4) }, { guidance_scale: 1 })]
    const alone = []
    for (const job of jobs) alone.push(await run(job))
    const batches: Batch[] = []
    const unet = createBatcher(diffusion.unet, fixedBatchLimit(16), (batch) => batches.push(batch))
    // Known beforehand, so that all jobs are at the same step.
    const [prompt, empty] = [await diffusion.textEncoder.encodeFace(face), await diffusion.textEncoder.encodeEmpty()]
    const textEncoder = { encodeFace: async () => prompt, encodeEmpty: async () => empty }
    const together = await Promise.all(jobs.map((job) => denoise({ textEncoder, unet }, diffusion.model, job)))
    expect(together).toEqual(alone)
    expect(batches.map(({ rows }) => rows)).toEqual(Array(settings.num_steps).fill(7))
    expect(new Set(alone.map(String)).size).toBe(jobs.length)
  })

  it('make what the network makes without one where its scale is 0', async () => {
    expect(await run(request({ mood: Float32Array.of(3, 1, 2), mood_scale: 0 }))).toEqual(await run(plain))
  })

  it('take the setting of a conditioning that the image does not give', async () => {
    const mood = Float32Array.of(1, 2, 3)
    expect(await run(request({ mood }, { mood_scale: 0.25 }))).toEqual(await run(request({ mood, mood_scale: 0.25 })))
    expect(await run(request({}, { mood: [1, 2, 3] }))).toEqual(await run(request({ mood })))
  })

  it('give the unconditional half zeros, or the same, as the manifest says', async () => {
    const seen: UnetRow[] = []
    const unet: Unet = {
      predict: async (rows) => {
        seen.push(...rows)
        return rows.map(({ sample }) => sample)
      },
    }
    await denoise({ ...diffusion, unet }, diffusion.model, { ...happy, settings: { ...settings, num_steps: 1 } })
    const [unguided, guided] = seen.map(({ conditionings }) => conditionings)
    expect(guided).toEqual({ mood: Float32Array.of(1, 0, 0), mood_scale: Float32Array.of(1), colour })
    expect(unguided).toEqual({ mood: new Float32Array(3), mood_scale: Float32Array.of(1), colour })
  })
})

describe('a checkpoint', () => {
  const checkpointOf = async (job: GenerateRequest): Promise<Checkpoint> => {
    const checkpoints: Checkpoint[] = []
    await denoise(diffusion, diffusion.model, job, { onStep: (checkpoint) => checkpoints.push(checkpoint) })
    return decodeCheckpoint(encodeCheckpoint(checkpoints[2]!))
  }

  it('resumes the run of the same values', async () => {
    const resume = await checkpointOf(sad)
    const [image] = sad.images
    const reordered = Object.fromEntries(Object.entries(image!.conditionings!).reverse())
    const same = { ...sad, images: [{ ...image!, conditionings: reordered }], resume }
    expect(await run(same)).toEqual(await run(sad))
  })

  it.each([
    ['another value', request({ mood: Float32Array.of(0, -1, 2), mood_scale: 0.25 })],
    ['no value', request({ mood_scale: 0.5 })],
    ['the value of another name', request({ mood: Float32Array.of(0, -1, 2) })],
    ['another setting', request({ mood: Float32Array.of(0, -1, 2), mood_scale: 0.5 }, { strength: 0.5 })],
  ])('refuses the run of %s', async (_, job) => {
    await expect(run({ ...job, resume: await checkpointOf(sad) })).rejects.toThrow(CheckpointError)
  })
})

describe('a request', () => {
  it.each([
    [
      'leaves out what has no default',
      { colour: undefined },
      'the conditioning colour is missing; expected [4] numbers',
    ],
    ['has a value of another length', { mood: new Float32Array(2) }, 'the conditioning mood has 2 numbers, not 3'],
    ['has a value that is not finite', { mood_scale: Number.NaN }, 'mood_scale has values that are not finite'],
    ['names another', { smile: 1 }, 'the bundle has no conditioning smile; it has mood, mood_scale, colour'],
  ])('is refused if it %s', async (_, conditionings, message) => {
    const refusal = await run(request(conditionings as ImageRequest['conditionings'])).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(RequestError)
    expect(refusal).toMatchObject({ type: failures.settingsInvalid, message: expect.stringContaining(message) })
  })

  it('of a bundle that declares none cannot name one', async () => {
    const tiny = await loadDiffusion('test/fixtures/arc2face-tiny')
    await expect(denoise(tiny, tiny.model, request())).rejects.toThrow('no conditioning colour; it has none')
  })
})

describe('a bundle with conditionings', () => {
  it('is found in order by verify, which runs its networks', async () => {
    const checked = await verifyBundle(await loadBundle(bundle.folder))
    const found = Object.fromEntries(checked.map(({ file, what }) => [file, what]))
    expect(found).toMatchObject({ 'painter.onnx': 'runs, [2, 4, 16, 16]', 'unet.onnx': 'runs, [2, 4, 16, 16]' })
  })

  type Manifest = Parameters<NonNullable<Parameters<typeof makeConditionedBundle>[0]>>[0]
  const undeclare = (name: string) => (manifest: Manifest) => {
    delete manifest.diffusion.unet.inputs![name]
    delete manifest.diffusion.conditionings![name]
  }
  it.each<[what: string, message: string, change: (manifest: Manifest) => void]>([
    [
      'leaves out an input',
      'unet.onnx has the input mood_scale, which the manifest does not declare',
      undeclare('mood_scale'),
    ],
    [
      'declares an input that the network lacks',
      'unet.onnx does not have the input smile that the manifest declares',
      ({ diffusion: { unet } }) => Object.assign(unet.inputs!, { smile: { conditioning: 'mood' } }),
    ],
    [
      'declares another shape',
      'The input mood of unet.onnx has the shape [batch, 3]; the manifest requires [batch, 5]',
      ({ diffusion: { conditionings } }) => Object.assign(conditionings!.mood!, { dims: [5] }),
    ],
    [
      'declares a vector for one number',
      'The input mood_scale of unet.onnx has the shape [batch]; the manifest requires [batch, 1]',
      ({ diffusion: { conditionings } }) => Object.assign(conditionings!.mood_scale!, { dims: [1] }),
    ],
    [
      'leaves out an input of the conditioning network',
      'painter.onnx has the input sample, which the manifest does not declare',
      ({ diffusion }) => delete diffusion.conditioningNetworks!.painter!.inputs.sample,
    ],
    [
      'takes an output that the conditioning network lacks',
      'The network painter does not have the output picture that the UNet uses',
      ({ diffusion: { unet } }) => Object.assign(unet.inputs!, { residual: { network: 'painter', output: 'picture' } }),
    ],
  ])('is invalid where its manifest %s', async (_, message, change) => {
    const wrong = await makeConditionedBundle(change)
    const loaded = await loadBundle(wrong.folder)
    const engine = createDiffusionEngine({ bundle: loaded })
    try {
      const refused = { type: failures.bundleInvalid, message }
      await expect(engine.generate(plain)).rejects.toMatchObject(refused)
      await expect(verifyBundle(loaded)).rejects.toMatchObject(refused)
    } finally {
      await engine.close()
      await wrong.remove()
    }
  })

  it.each<[message: string, change: (manifest: Manifest) => void]>([
    ['no conditioning mood is declared', ({ diffusion }) => delete diffusion.conditionings!.mood],
    ['no network painter is declared', ({ diffusion }) => delete diffusion.conditioningNetworks],
    ['no input takes the conditioning mood', ({ diffusion }) => delete diffusion.unet.inputs!.mood],
    [
      'no input of the UNet takes an output of the network painter',
      ({ diffusion }) => delete diffusion.unet.inputs!.residual,
    ],
    ['Invalid input', ({ diffusion }) => Object.assign(diffusion.unet.inputs!, { mood: 'moon' })],
  ])('cannot be loaded where %s', async (message, change) => {
    const wrong = await makeConditionedBundle(change)
    const refusal = await loadBundle(wrong.folder).catch((error: unknown) => error)
    await wrong.remove()
    expect(refusal).toBeInstanceOf(BundleError)
    expect(`${refusal}`).toContain(message)
  })
})

it('does not let code forget the conditionings of a row', () => {
  // @ts-expect-error: a row without `conditionings`.
  const row: UnetRow = { sample: colour, timestep: 1, prompt: colour }
  expect(row.conditionings).toBeUndefined()
})
