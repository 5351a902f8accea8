import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyBundle } from '../../../../cli/bundles/verify.ts'
import type { Manifest } from '../../../../contracts/bundle-manifest.ts'
import { loadBundle } from '../../../../inference/bundle.ts'
import { BundleError } from '../../../../inference/bundle-error.ts'

let folder: string
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'idem-bundle-')), 'bundle')
  await cp('test/fixtures/arc2face-tiny', folder, { recursive: true })
})
afterEach(() => rm(join(folder, '..'), { recursive: true }))

const edit = async (change: (manifest: Manifest) => void) => {
  const file = join(folder, 'manifest.json')
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest
  change(manifest)
  await writeFile(file, JSON.stringify(manifest))
}
const verify = async () => verifyBundle(await loadBundle(folder))

describe('verify', () => {
  it.each(['test/fixtures/arc2face-tiny', 'models/demo'])('finds %s in order', async (path) => {
    const bundle = await loadBundle(path)
    expect((await verifyBundle(bundle)).map(({ file }) => file)).toEqual(Object.keys(bundle.manifest.files))
  })

  it('names a file that was changed, cut or lost', async () => {
    const unet = join(folder, 'unet.onnx')
    const bytes = await readFile(unet)
    bytes[1000] = bytes[1000]! ^ 1
    await writeFile(unet, bytes)
    await expect(verify()).rejects.toThrow('unet.onnx has the sha256')
    await writeFile(unet, bytes.subarray(0, 5000))
    await expect(verify()).rejects.toThrow('unet.onnx has 5000 bytes')
    await rm(unet)
    await expect(verify()).rejects.toThrow('unet.onnx is missing')
  })

  it('notices a manifest that means other shapes', async () => {
    await edit(({ diffusion }) => {
      diffusion.hiddenSize = 768
    })
    await expect(verify()).rejects.toThrow(BundleError)
  })
})

describe('loading a bundle', () => {
  it('names the field that is wrong', async () => {
    await edit(({ diffusion }) => {
      diffusion.latentShape = [4, 0, 16]
    })
    await expect(loadBundle(folder)).rejects.toThrow('latentShape')
    await writeFile(join(folder, 'manifest.json'), 'nothing')
    await expect(loadBundle(folder)).rejects.toThrow('cannot read manifest.json')
  })

  it('refuses a recogniser that the diffusion was not trained with', async () => {
    await edit((manifest) => {
      manifest.files['glintr100.onnx'] = { sha256: 'b'.repeat(64), bytes: 1, licence: 'none' }
      manifest.recogniser = {
        file: 'glintr100.onnx',
        sizePx: 112,
        channels: 'rgb',
        mean: 127.5,
        std: 127.5,
        dimensions: 512,
      }
      manifest.diffusion.recogniserSha256 = 'c'.repeat(64)
    })
    await expect(loadBundle(folder)).rejects.toThrow('not the recogniser that the diffusion was trained with')
  })
})
