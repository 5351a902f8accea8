import { describe, expect, it } from 'vitest'
import { readApiConfig } from '../../../api/config.ts'
import { readEdgeConfig } from '../../../api/edge-config.ts'
import { toBase64 } from '../../../lib/base64.ts'

const bindings = (bundle: unknown) => ({
  TEMPORAL_HTTP_URL: 'http://127.0.0.1:7243',
  IDEM_PUBLIC_URL: 'https://api.example.com',
  IDEM_WEBHOOK_SECRET: `whsec_${toBase64(new Uint8Array(32))}`,
  IDEM_ENCRYPTION_KEYS: `a:${toBase64(new Uint8Array(32))}`,
  IDEM_TOKENS: '{"tokens": []}',
  IDEM_STORAGE: 's3://bucket?endpoint=http://127.0.0.1:9000',
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
  IDEM_BUNDLE: JSON.stringify(bundle),
})

const { bundle } = await readApiConfig({ IDEM_MODELS: 'models/demo' })

describe('IDEM_BUNDLE', () => {
  it('is what the API in Node reads of the bundle', async () => {
    expect((await readEdgeConfig(bindings(bundle))).bundle).toEqual(bundle)
  })

  it('may be from before it had the scheduler, with the former names of the defaults', async () => {
    const { scheduler: _, timestepSpacing: __, defaults, ...rest } = bundle
    const { num_steps: steps, guidance_scale: guidanceScale } = defaults
    const older = { ...rest, defaults: { scheduler: defaults.scheduler, steps, guidanceScale } }
    expect((await readEdgeConfig(bindings(older))).bundle).toEqual({ ...rest, defaults })
  })

  it.each([
    [{ defaults: { ...bundle.defaults, scheduler: 'heun' } }, 'defaults.scheduler'],
    [{ defaults: { ...bundle.defaults, num_steps: 0 } }, 'defaults.num_steps'],
    [{ sha256: 'x' }, 'sha256'],
  ])('is refused with %j, and the field is named', async (change, field) => {
    await expect(readEdgeConfig(bindings({ ...bundle, ...change }))).rejects.toThrow(field)
  })
})
