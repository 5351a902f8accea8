// biome-ignore-all lint/suspicious/noThenProperty: the word of JSON Schema.

import { describe, expect, it } from 'vitest'
import type { BundleInfo } from '../../../api/models/bundle-info.ts'
import { describeSettings } from '../../../api/models/describe-settings.ts'
import { schedulerConfigSchema } from '../../../contracts/bundle-manifest.ts'

const bundleOf = (changes: Partial<BundleInfo> = {}): BundleInfo => ({
  sha256: '0'.repeat(64),
  createdAt: new Date(0),
  embeddingSize: 4,
  defaults: { scheduler: 'ddim', num_steps: 25, guidance_scale: 3 },
  scheduler: schedulerConfigSchema.parse({
    num_train_timesteps: 1000,
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
  }),
  ...changes,
})

describe('the published schema of the settings', () => {
  it('says how many steps a scheduler can do that cannot do all', () => {
    const isLcm = { properties: { scheduler: { const: 'lcm' } }, required: ['scheduler'] }
    expect(describeSettings({}, bundleOf()).allOf).toEqual([
      { if: isLcm, then: { properties: { num_steps: { maximum: 50 } } } },
    ])
  })

  it('says so of the default scheduler, and asks for the steps if the default is too many', () => {
    const defaults = { scheduler: 'lcm', num_steps: 80, guidance_scale: 3 } as const
    expect(describeSettings({}, bundleOf({ defaults })).allOf).toEqual([
      {
        if: { properties: { scheduler: { const: 'lcm' } } },
        then: { properties: { num_steps: { maximum: 50 } }, required: ['num_steps'] },
      },
    ])
  })

  it('has no rules if it is not known how the schedulers are set up', () => {
    expect(describeSettings({ type: 'object' }, bundleOf({ scheduler: undefined }))).toEqual({ type: 'object' })
  })
})
