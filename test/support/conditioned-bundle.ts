import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { manifestSchema } from '../../contracts/bundle-manifest.ts'
import { sha256Hex } from '../../lib/sha256.ts'

type ManifestJson = z.input<typeof manifestSchema>

const fixtures = 'test/fixtures/conditioned'

/** What a manifest says of the networks in `test/fixtures/conditioned`. */
const declared = {
  unet: {
    file: 'unet.onnx',
    inputs: {
      sample: 'latents',
      timestep: 'timestep',
      encoder_hidden_states: 'prompt',
      mood: { conditioning: 'mood' },
      mood_scale: { conditioning: 'mood_scale' },
      residual: { network: 'painter', output: 'residual' },
    },
  },
  conditionings: {
    mood: { dims: [3], default: 0, unconditional: 'zeros' },
    mood_scale: { dims: [], default: 1 },
    colour: { dims: [4] },
  },
  conditioningNetworks: {
    painter: { file: 'painter.onnx', inputs: { sample: 'latents', colour: { conditioning: 'colour' } } },
  },
} as const satisfies Partial<ManifestJson['diffusion']>

/** The tiny bundle with a UNet that takes a mood, how much of it, and what another network paints in a colour. */
export const makeConditionedBundle = async (change: (manifest: ManifestJson) => void = () => undefined) => {
  const folder = await mkdtemp(join(tmpdir(), 'idem-conditioned-'))
  await cp('test/fixtures/arc2face-tiny', folder, { recursive: true })
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as ManifestJson
  for (const file of ['unet.onnx', 'painter.onnx']) {
    const bytes = await readFile(join(fixtures, file))
    await writeFile(join(folder, file), bytes)
    manifest.files[file] = { sha256: await sha256Hex(bytes), bytes: bytes.length, licence: 'CC0-1.0' }
  }
  Object.assign(manifest.diffusion, structuredClone(declared))
  change(manifest)
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
  return { folder, remove: () => rm(folder, { recursive: true }) }
}
