import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  completeSettings,
  diffusionDefaultsSchema,
  diffusionSettings,
  distinctSettings,
} from '../../../contracts/diffusion-settings.ts'
import { renameSettings, withSettings } from '../../../contracts/renamed-settings.ts'
import { topLevel } from '../../support/layout.ts'
import { settings } from '../../support/settings.ts'

const defaults = { num_steps: 25, guidance_scale: 3, scheduler: 'dpmpp_2m' } as const

describe('the settings of a request', () => {
  it('are its own fields, then the defaults of the bundle, then those of the schema', () => {
    const input = { input_image: 'https://example.com/x.jpg', seed: 4, num_steps: 7 }
    expect(diffusionSettings(input, defaults)).toEqual({ ...settings, num_steps: 7 })
  })
})

describe('stored settings', () => {
  it('from before one was added have its default', () => {
    const { generator: _, ...older } = settings
    expect(completeSettings(older)).toEqual(settings)
  })

  it('tell runs apart by what is not a default, in any order', () => {
    const { generator: _, ...older } = settings
    const reversed = Object.fromEntries(Object.entries(settings).reverse())
    const texts = [settings, older, reversed].map((some) => JSON.stringify(distinctSettings(some)))
    expect(new Set(texts).size).toBe(1)
    expect(distinctSettings({ ...settings, generator: 'cpu' })).not.toEqual(distinctSettings(settings))
    expect(distinctSettings({ ...settings, made_up: 1 })).not.toEqual(distinctSettings(settings))
  })
})

describe('an input', () => {
  const flat = {
    predictionId: 'p',
    seeds: [1],
    numSteps: 25,
    guidanceScale: 3,
    scheduler: 'dpmpp_2m',
    generator: 'cuda',
  }

  it('from before settings were one object is read as it is now, and leaves no old name', () => {
    const { num_steps, guidance_scale, scheduler, generator } = settings
    const renamed = { num_steps, guidance_scale, scheduler, generator }
    expect(withSettings(flat as never)).toEqual({ predictionId: 'p', seeds: [1], settings: renamed })
  })

  it('of now is left as it is', () => {
    const input = { predictionId: 'p', seeds: [1], settings: { ...settings, made_up: 1 } }
    expect(withSettings(input)).toBe(input)
  })
})

it("a bundle's defaults may have the names of the first bundles", () => {
  const older = renameSettings({ scheduler: 'dpmpp_2m', steps: 25, guidanceScale: 3 })
  expect(diffusionDefaultsSchema.parse(older)).toEqual(defaults)
})

/** Source files that name a setting of the diffusion. */
const filesNaming = (setting: RegExp): string[] =>
  topLevel
    .flatMap((room) =>
      readdirSync(room, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|js)$/.test(name))
        .map((name) => join(room, name)),
    )
    .filter((file) => setting.test(readFileSync(file, 'utf8')))
    .sort()

describe('adding a setting', () => {
  it('touches the schema and its use: what lies between passes settings on without naming them', () => {
    const schema = ['contracts/diffusion-settings.ts']
    const use = ['inference/diffusion/denoise.ts']
    const formerNames = ['contracts/renamed-settings.ts']
    // Where people type it: a setting works without.
    const forms = ['api/page/helpers/fields.js', 'api/page/state/setup.js', 'cli/diffuse.ts', 'cli/generate.ts']
    const bounds = ['contracts/limits.ts']
    const known = [...schema, ...use, ...formerNames, ...forms, ...bounds].sort()
    expect(filesNaming(/guidance_?scale/i).filter((file) => !known.includes(file))).toEqual([])
    expect(filesNaming(/guidance_scale/)).toEqual(expect.arrayContaining([...schema, ...use]))
  })
})
