import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { denoise } from '../../../inference/diffusion/denoise.ts'
import { formatNpy, parseNpy } from '../../../inference/npy.ts'
import { toUnit } from '../../../inference/numeric/vector.ts'
import { readGolden, rowOf } from '../../support/arrays.ts'
import { makeConditionedBundle } from '../../support/conditioned-bundle.ts'
import { loadDiffusion } from '../../support/networks.ts'
import { settings } from '../../support/settings.ts'

let bundle: { folder: string; remove(): Promise<void> }
let folder: string
const colours = Float32Array.of(0.2, -0.4, 0.1, 0.3, -0.1, 0.2, 0, 0.4)

beforeAll(async () => {
  bundle = await makeConditionedBundle()
  folder = await mkdtemp(join(tmpdir(), 'idem-diffuse-'))
  await writeFile(join(folder, 'colours.npy'), formatNpy({ data: colours, shape: [2, 4] }))
  await writeFile(join(folder, 'short.npy'), formatNpy({ data: colours, shape: [4, 2] }))
})
afterAll(() => Promise.all([bundle.remove(), rm(folder, { recursive: true })]))

const diffuse = (...more: string[]) => {
  const embeddings = 'test/golden/arc2face-tiny/face_embeddings.npy'
  const args = ['--bundle', bundle.folder, '--embeddings', embeddings, '--steps', '3', '--seed', '7', '--out', folder]
  return promisify(execFile)(process.execPath, ['--import', 'tsx', 'cli/diffuse.ts', ...args, ...more])
}

describe('diffuse with conditionings', () => {
  it('gives each image its row', async () => {
    await diffuse('--conditioning', `colour=${join(folder, 'colours.npy')}`)
    const { data, shape } = parseNpy(await readFile(join(folder, 'latents.npy')))
    const { model, ...networks } = await loadDiffusion(bundle.folder)
    const faces = readGolden('arc2face-tiny/face_embeddings.npy')
    const images = [0, 1].map((k) => ({
      embedding: toUnit(rowOf(faces, k)),
      seed: 7 + k,
      conditionings: { colour: colours.slice(k * 4, k * 4 + 4) },
    }))
    const expected = await denoise(networks, model, { images, settings: { ...settings, num_steps: 3 } })
    expect(shape).toEqual([3, 2, 4, 16, 16])
    expect(Float32Array.from(data.slice(-expected.length))).toEqual(expected)
  })

  it.each([
    [['--conditioning', 'colour'], '--conditioning must be NAME=FILE, not "colour"'],
    [['--conditioning', 'smile=x.npy'], 'the bundle has no smile; it has mood, mood_scale, colour'],
    [['--conditioning', 'colour=/none.npy'], '--conditioning colour: cannot read /none.npy'],
  ])('refuses %j', async (args, message) => {
    await expect(diffuse(...args)).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
  })

  it('refuses an array of another shape', async () => {
    await expect(diffuse('--conditioning', `colour=${join(folder, 'short.npy')}`)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--conditioning colour has the shape [4, 2]; expected [2, 4]'),
    })
  })
})
