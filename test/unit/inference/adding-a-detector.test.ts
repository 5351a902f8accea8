import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBundle } from '../../../inference/bundle.ts'
import { BundleError } from '../../../inference/bundle-error.ts'
import type { DetectorEntry } from '../../../inference/faces/detector.ts'
import { createDetector, type Detectors, detectorNames, detectors } from '../../../inference/faces/detectors/index.ts'
import { findFaces } from '../../../inference/faces/find-faces.ts'

/** Takes the brightest pixel for a face. */
const brightest: DetectorEntry = {
  defaults: { inputSizePx: 64, scoreThreshold: 0.5, nmsThreshold: 0.5 },
  create: async ({ scoreThreshold }) => ({
    detect: async ({ data, width }) => {
      const at = data.indexOf(Math.max(...data))
      const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)]
      const score = data[at]! / 255
      return score < scoreThreshold ? [] : [{ box: [x, y, x + 1, y + 1], landmarks: [[x, y]], score }]
    },
    release: async () => undefined,
  }),
}
const registry: Detectors = { ...detectors, brightest }

describe('a new detector', () => {
  let folder: string
  beforeAll(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'idem-bundle-')), 'bundle')
    await cp('test/fixtures/arc2face-tiny', folder, { recursive: true })
    const file = join(folder, 'manifest.json')
    const manifest = JSON.parse(await readFile(file, 'utf8'))
    manifest.detector = { kind: 'brightest', file: 'none.onnx', ...brightest.defaults }
    await writeFile(file, JSON.stringify(manifest))
  })
  afterAll(() => rm(join(folder, '..'), { recursive: true }))

  it('finds faces for a bundle that names it', async () => {
    const { manifest } = await loadBundle(folder, { detectors: registry })
    const detector = await createDetector(manifest.detector!, {}, registry)
    const photo = { data: new Uint8Array(8 * 4 * 3), width: 8, height: 4 }
    expect(await findFaces(detector, photo)).toEqual([])
    photo.data[(2 * 8 + 5) * 3] = 204
    expect(await findFaces(detector, photo)).toEqual([{ box: [5, 2, 6, 3], landmarks: [[5, 2]], score: 0.8 }])
  })

  it('is unknown until it is listed: loading the bundle says which detectors there are', async () => {
    const refusal = await loadBundle(folder).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(BundleError)
    expect(`${refusal}`).toContain(`detector.kind is "brightest"; the detectors are ${detectorNames.join(', ')}`)
    await expect(createDetector({ kind: 'brightest', file: '', ...brightest.defaults })).rejects.toThrow(
      'Unknown detector brightest',
    )
  })

  it('must have all that an entry needs', () => {
    const { defaults } = brightest
    // @ts-expect-error: an entry without `create`.
    const incomplete: Detectors = { ...detectors, broken: { defaults } }
    expect(Object.keys(incomplete)).toContain('broken')
  })
})
