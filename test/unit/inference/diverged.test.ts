import { describe, expect, it } from 'vitest'
import { toApplicationFailure } from '../../../activities/shared/failure.ts'
import { loadBundle } from '../../../inference/bundle.ts'
import { denoise } from '../../../inference/diffusion/denoise.ts'
import { createVaeDecoder } from '../../../inference/diffusion/vae.ts'
import type { Network } from '../../../inference/engine/runtime.ts'
import { settings } from '../../support/settings.ts'

const bundle = await loadBundle('models/demo')
const model = { spec: bundle.manifest.diffusion, bundleSha256: bundle.sha256 }
const { latentShape, embeddingSize } = model.spec

/** Networks of which one gives a number that is not finite, at this call of the UNet. */
const networksThatFailAt = (badCall: number, bad: number) => {
  let calls = 0
  const prompt = new Float32Array(4)
  return {
    textEncoder: { encodeFace: async () => prompt, encodeEmpty: async () => prompt },
    unet: {
      predict: async (rows: readonly { sample: Float32Array }[]) => {
        calls++
        return rows.map(({ sample }) => sample.map((x, i) => (calls === badCall && i === 7 ? bad : x)))
      },
    },
  }
}

const failureOf = async (attempt: Promise<unknown>) => {
  const error = await attempt.then(
    () => new Error('it did not fail'),
    (cause: unknown) => cause,
  )
  const { type, nonRetryable, message } = toApplicationFailure(error) as Record<string, unknown>
  return { type, nonRetryable, message }
}

describe('a diffusion whose numbers are not finite', () => {
  it.each([Number.NaN, Infinity, -Infinity])(
    'fails for good at the step that gives %d, before it is stored',
    async (bad) => {
      const steps: number[] = []
      const request = { images: [{ embedding: new Float32Array(embeddingSize), seed: 1 }], settings }
      const attempt = denoise(networksThatFailAt(3, bad), model, request, { onStep: ({ step }) => steps.push(step) })
      expect(await failureOf(attempt)).toEqual({
        type: 'diffusion_diverged',
        nonRetryable: true,
        message: expect.stringMatching(
          /^The diffusion after step 3 of 25 has values that are not finite\. Try another /,
        ),
      })
      expect(steps).toEqual([1, 2])
    },
  )

  it('fails for good where only the decoded image has them: fp16 overflows there first', async () => {
    const image = { data: new Float32Array(3 * 4).fill(0.5), dims: [1, 3, 2, 2] }
    image.data[5] = Number.NaN
    const network = { run: async () => ({ image }) } as unknown as Network
    const attempt = createVaeDecoder(network).decode(new Float32Array(4), latentShape)
    expect(await failureOf(attempt)).toMatchObject({ type: 'diffusion_diverged', nonRetryable: true })
  })
})
