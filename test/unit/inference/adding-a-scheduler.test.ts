import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readApiConfig } from '../../../api/config.ts'
import { arc2faceInputSchema } from '../../../api/models/arc2face-input.ts'
import { completeSettings } from '../../../contracts/diffusion-settings.ts'
import { type SchedulerName, schedulerNames } from '../../../contracts/schedulers.ts'
import { loadBundle } from '../../../inference/bundle.ts'
import { BundleError } from '../../../inference/bundle-error.ts'
import { denoise } from '../../../inference/diffusion/denoise.ts'
import {
  createScheduler,
  type SchedulerCreators,
  schedulerCreators,
} from '../../../inference/numeric/schedulers/index.ts'
import { type Schedule, SchedulerError, unscaled } from '../../../inference/numeric/schedulers/scheduler.ts'
import { readGolden, rowOf } from '../../support/arrays.ts'
import { topLevel } from '../../support/layout.ts'

/** Subtracts what the network predicts, half each time. */
const createHalving = () => ({
  setTimesteps: (steps: number): Schedule => ({
    timesteps: Array.from({ length: steps }, (_, index) => steps - index),
    sigmas: [],
    initNoiseSigma: 1,
    takesNoise: () => false,
    scaleModelInput: unscaled,
    step: (_, { prediction, sample }) => ({ sample: sample.map((x, i) => x - prediction[i]! / 2) }),
  }),
})

describe('a new scheduler', () => {
  it('runs in a diffusion under its name', async () => {
    const bundle = await loadBundle('test/fixtures/arc2face-tiny')
    const { diffusion } = bundle.manifest
    const embedding = rowOf(readGolden('arc2face-tiny/face_embeddings.npy'), 0)
    const ones = new Float32Array(4).fill(1)
    const networks = {
      textEncoder: { encodeFace: async () => ones, encodeEmpty: async () => ones },
      unet: { predict: async (rows: readonly { sample: Float32Array }[]) => rows.map(({ sample }) => sample) },
    }
    const latents = new Float32Array(diffusion.latentShape.reduce((a, b) => a * b)).fill(8)
    const request = {
      images: [{ embedding, seed: 1, latents }],
      settings: completeSettings({ num_steps: 3, guidance_scale: 1, scheduler: 'halving' as SchedulerName }),
    } as const
    const made = await denoise(networks, { spec: diffusion, bundleSha256: bundle.sha256 }, request, {
      schedulers: { ...schedulerCreators, halving: createHalving },
    })
    expect(new Set(made)).toEqual(new Set([1]))
  })

  it('is missing in the registry only until the compiler sees it', () => {
    const { ddim: _, ...others } = schedulerCreators
    // @ts-expect-error: a name of the list has no solver.
    const incomplete: SchedulerCreators<SchedulerName> = others
    expect(Object.keys(incomplete)).not.toContain('ddim')
  })
})

describe('the list of schedulers', () => {
  it('is what requests may name', () => {
    const { properties } = z.toJSONSchema(arc2faceInputSchema, { io: 'input' })
    expect(properties?.scheduler).toMatchObject({ enum: schedulerNames })
  })

  it('is copied nowhere: commands, page and documentation read it or refer to it', () => {
    const files = [...topLevel, 'docs'].flatMap((room) =>
      readdirSync(room, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|js|md|py)$/.test(name))
        .map((name) => join(room, name)),
    )
    const copies = ['README.md', ...files].filter((file) => {
      const text = readFileSync(file, 'utf8')
      return schedulerNames.every((name) => new RegExp(`\\b${name}\\b`).test(text))
    })
    expect(copies).toEqual(['contracts/schedulers.ts', 'inference/numeric/schedulers/index.ts'])
  })

  it('is named to a caller who asks for another', () => {
    expect(() => createScheduler('heun', {})).toThrow(SchedulerError)
    expect(() => createScheduler('toString', {})).toThrow(`use one of ${Object.keys(schedulerCreators).join(', ')}`)
  })
})

describe('a bundle whose defaults cannot be used', () => {
  let folder: string
  /** The manifest of the tiny bundle, with other defaults. */
  const writeDefaults = async (defaults: object) => {
    const manifest = JSON.parse(await readFile('test/fixtures/arc2face-tiny/manifest.json', 'utf8'))
    manifest.diffusion.defaults = { ...manifest.diffusion.defaults, ...defaults }
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'idem-bundle-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it.each([
    [
      'a scheduler that does not exist',
      { scheduler: 'heun' },
      'diffusion.defaults.scheduler',
      '"dpmpp_2m"|"dpmpp_2m_karras"',
    ],
    [
      'more steps than its scheduler can do',
      { scheduler: 'lcm', steps: 60 },
      'diffusion.defaults',
      '1 to 50 steps, not 60',
    ],
  ])('is refused at the start of worker and API: %s', async (_, defaults, field, allowed) => {
    await writeDefaults(defaults)
    const refusal = await loadBundle(folder).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(BundleError)
    for (const message of [`${refusal}`, await readApiConfig({ IDEM_MODELS: folder }).catch(String)]) {
      expect(message).toContain(field)
      expect(message).toContain(allowed)
    }
  })

  it('is taken with the names that requests use, and with those of the first bundles', async () => {
    const expected = { scheduler: 'ddim', num_steps: 9, guidance_scale: 2 }
    for (const names of [
      { num_steps: 9, guidance_scale: 2 },
      { steps: 9, guidanceScale: 2 },
    ]) {
      const manifest = JSON.parse(await readFile('test/fixtures/arc2face-tiny/manifest.json', 'utf8'))
      manifest.diffusion.defaults = { scheduler: 'ddim', ...names }
      await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
      expect((await loadBundle(folder)).manifest.diffusion.defaults).toEqual(expected)
      expect((await readApiConfig({ IDEM_MODELS: folder })).bundle.defaults).toEqual(expected)
    }
  })
})
