import { execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultUnetInputs } from '../../../../contracts/network-inputs.ts'
import { type Bundle, loadBundle } from '../../../../inference/bundle.ts'
import { loadNetwork } from '../../../../inference/engine/runtime.ts'
import { detectorNames, findDetector } from '../../../../inference/faces/detectors/index.ts'
import { parseNpy } from '../../../../inference/npy.ts'

// An interpreter that has what infra/export/requirements.txt lists.
const { EXPORT_PYTHON } = process.env
const golden = 'test/golden/arc2face-tiny'

let folder: string
let checkpoint: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idem-export-'))
  checkpoint = join(folder, 'checkpoint')
  await cp(`${golden}/checkpoint`, checkpoint, { recursive: true })
})
afterEach(() => rm(folder, { recursive: true }))

const models = async (...args: string[]): Promise<{ code: number | null; text: string }> => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli/models.ts', ...args])
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  return new Promise((resolve, reject) => child.on('error', reject).on('close', (code) => resolve({ code, text })))
}
const out = () => join(folder, 'bundle')
const exportWith = (python: string, ...args: string[]) =>
  models('export', checkpoint, '--out', out(), '--python', python, ...args)

describe('the models command', () => {
  it.each([
    [[], 'The action must be one of export, pull, verify'],
    [['bake'], 'not "bake"'],
    [['export'], 'export needs a checkpoint folder'],
    [['export', 'x', '--python'], '--python needs a file'],
    [['export', 'x', '--detector-kind', 'retina'], '--detector-kind must be one of yunet, scrfd, not "retina"'],
    [['pull'], 'pull needs --out'],
    [['pull', 'none.json', '--out', 'x'], 'Cannot read the list none.json'],
    [['verify'], 'verify needs one bundle folder'],
    [['verify', 'models/demo', '--fast'], '--fast'],
  ])('takes no %j', async (args, message) => {
    const { code, text } = await models(...args)
    expect(text).toContain(message)
    expect(code).toBe(2)
  })

  it('says with exit code 1 which file of a bundle is damaged', async () => {
    await cp('test/fixtures/arc2face-tiny', out(), { recursive: true })
    await writeFile(join(out(), 'unet.onnx'), 'nothing')
    const { code, text } = await models('verify', out())
    expect(text).toContain('error: unet.onnx has 7 bytes')
    expect(code).toBe(1)
  })
})

describe('the exporter', () => {
  it.each(detectorNames)('is sent the settings of %s', async (kind) => {
    const python = join(folder, 'python')
    await writeFile(python, '#!/bin/sh\nfor arg; do :; done; echo "$arg"\n', { mode: 0o755 })
    const { text } = await exportWith(python, `--detector-kind=${kind}`)
    expect(JSON.parse(text)).toEqual({ kind, ...findDetector(kind)!.defaults })
  })

  it('takes no detector without its kind', async () => {
    const { code, text } = await exportWith('python3', '--detector', 'package.json')
    expect(text).toContain('--detector and --detector-kind need each other')
    expect(code).toBe(2)
  })
})

describe('an export that cannot be', () => {
  it.each([
    ['arc2face', 'has no UNet: expected a folder arc2face/ or unet/'],
    ['encoder', 'has no text encoder: expected a folder encoder/ or text_encoder/'],
    ['vae', 'has no VAE'],
    ['vae/config.json', 'has no config.json'],
    ['arc2face/diffusion_pytorch_model.safetensors', 'has no weights: expected diffusion_pytorch_model.safetensors or'],
    ['tokenizer/merges.txt', 'expected tokenizer/merges.txt'],
    ['scheduler', 'expected scheduler/scheduler_config.json'],
  ])('names %s where it is missing, and leaves nothing behind', async (part, message) => {
    await rm(join(checkpoint, part), { recursive: true })
    const { code, text } = await exportWith('python3')
    expect(text).toContain(message)
    expect(code).toBe(1)
    expect(await readdir(folder)).toEqual(['checkpoint'])
  })

  it('does not touch a bundle that is there', async () => {
    await cp('test/fixtures/arc2face-tiny', out(), { recursive: true })
    const { code, text } = await exportWith('python3')
    expect(text).toContain('exists already')
    expect(code).toBe(1)
  })

  it('says that an interpreter cannot be run', async () => {
    const { code, text } = await exportWith(join(folder, 'no-python'))
    expect(text).toContain('Cannot run')
    expect(code).toBe(1)
  })
})

const encodePrompt = async (bundle: Bundle, face: Float32Array): Promise<Float32Array> => {
  const { inputIds, idPosition, textEncoder, embeddingSize } = bundle.manifest.diffusion
  const network = await loadNetwork(bundle.path(textEncoder.file))
  const results = await network.run({
    input_ids: { data: BigInt64Array.from(inputIds, BigInt), dims: [1, inputIds.length] },
    face_embedding: { data: face, dims: [1, embeddingSize] },
    face_position: { data: BigInt64Array.of(BigInt(idPosition)), dims: [1] },
  })
  await network.release()
  return results.prompt_embeds!.data
}

const readArray = async (name: string) => {
  const { data, shape } = parseNpy(await readFile(join(folder, `${name}.npy`)))
  return { data: Float32Array.from(data), dims: shape }
}

const largestDifference = (a: Float32Array, b: ArrayLike<number>) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), a.length === b.length ? 0 : Number.NaN)

if (EXPORT_PYTHON) {
  describe('an export', () => {
    it('of the tiny checkpoint makes the prompt embeddings of the reference', { timeout: 300_000 }, async () => {
      const { code, text } = await exportWith(EXPORT_PYTHON)
      expect(text).toContain('differs from PyTorch by at most')
      expect(code).toBe(0)
      expect((await models('verify', out())).code).toBe(0)

      const faces = parseNpy(await readFile(`${golden}/face_embeddings.npy`))
      const expected = parseNpy(await readFile(`${golden}/prompt_embeds.npy`))
      const bundle = await loadBundle(out())
      const found = await encodePrompt(bundle, Float32Array.from(faces.data.slice(0, 512)))
      const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.data[i]!)), 0)
      expect(found.length).toBe(expected.data.length / 2)
      expect(worst).toBeLessThan(1e-3)
      expect(bundle.manifest.diffusion.preview?.factors).toHaveLength(4)
      const json = JSON.parse(await readFile(join(out(), 'manifest.json'), 'utf8'))
      expect(json.diffusion.unet).toEqual({ file: 'unet.onnx', inputs: defaultUnetInputs })
    })

    it('declares the inputs of its networks', { timeout: 300_000 }, async () => {
      const script = 'test/unit/cli/bundles/export_conditioned.py'
      const env = { ...process.env, PYTHONPATH: 'infra/export' }
      await promisify(execFile)(EXPORT_PYTHON, [script, checkpoint, '--out', out()], { env })
      const checked = await models('verify', out())
      expect(checked.text).toMatch(/painter\.onnx .* runs, \[2, 4, 16, 16\]/)
      expect(checked.code).toBe(0)
      const bundle = await loadBundle(out())
      const { unet, conditionings, conditioningNetworks } = bundle.manifest.diffusion
      expect(unet).toEqual({
        file: 'unet.onnx',
        inputs: {
          sample: 'latents',
          timestep: 'timestep',
          encoder_hidden_states: 'prompt',
          mood: { conditioning: 'mood' },
          mood_scale: { conditioning: 'mood_scale' },
          residual: { network: 'painter', output: 'painted' },
        },
      })
      expect(conditionings).toEqual({
        mood: { dims: [3], default: 0, unconditional: 'zeros' },
        mood_scale: { dims: [], default: 1, unconditional: 'same' },
        colour: { dims: [4], unconditional: 'same' },
      })
      expect(conditioningNetworks).toEqual({
        painter: { file: 'painter.onnx', inputs: { sample: 'latents', colour: { conditioning: 'colour' } } },
      })
    })

    it('with a LoRA is the network with its weights added', { timeout: 300_000 }, async () => {
      await promisify(execFile)(EXPORT_PYTHON, [
        'test/e2e/cli/bundles/make_lora.py',
        join(checkpoint, 'arc2face'),
        folder,
      ])
      const { code } = await exportWith(EXPORT_PYTHON, '--lora', join(folder, 'lora.safetensors'))
      expect(code).toBe(0)
      const bundle = await loadBundle(out())
      expect(bundle.manifest.diffusion.defaults).toEqual({ scheduler: 'lcm', num_steps: 4, guidance_scale: 1 })

      const [sample, prompt, expected] = await Promise.all(['sample', 'prompt', 'noise_pred'].map(readArray))
      const predict = async (path: string) => {
        const network = await loadNetwork(path)
        const { noise_pred } = await network.run({
          sample: sample!,
          timestep: { data: Float32Array.of(500), dims: [1] },
          encoder_hidden_states: prompt!,
        })
        await network.release()
        return largestDifference(noise_pred!.data, expected!.data)
      }
      expect(await predict(bundle.path('unet.onnx'))).toBeLessThan(1e-3)
      expect(await predict('test/fixtures/arc2face-tiny/unet.onnx')).toBeGreaterThan(0.1)
    })

    it('in half precision keeps to what PyTorch loses by it, and says so', { timeout: 300_000 }, async () => {
      const { code, text } = await exportWith(EXPORT_PYTHON, '--precision', 'fp16', '--vae-encoder')
      expect(text).toContain('without the operators that have kernels for GPUs only')
      expect(code).toBe(0)
      const { diffusion, files } = (await loadBundle(out())).manifest
      expect(diffusion.precision).toBe('fp16')
      expect(diffusion.vaeEncoder).toEqual({ file: 'vae_encoder.onnx' })
      expect(Object.keys(files)).toEqual(['text_encoder.onnx', 'unet.onnx', 'vae_decoder.onnx', 'vae_encoder.onnx'])
      const checked = await models('verify', out())
      expect(checked).toMatchObject({ code: 1, text: expect.stringContaining('operators that only run on GPUs') })
    })

    it('takes networks that were exported before, and no others', { timeout: 300_000 }, async () => {
      const before = 'test/fixtures/arc2face-tiny'
      const taken = await exportWith(EXPORT_PYTHON, '--networks', before, '--licence', 'random weights, CC0')
      expect(taken.code).toBe(0)
      expect((await loadBundle(out())).manifest.files).toEqual((await loadBundle(before)).manifest.files)
      await rm(out(), { recursive: true })
      const face = ['--detector', 'models/demo/face_detection_yunet_2026may.onnx', '--detector-kind', 'yunet']
      expect((await exportWith(EXPORT_PYTHON, '--networks', before, ...face)).code).toBe(0)
      expect((await loadBundle(out())).manifest.detector).toEqual((await loadBundle('models/demo')).manifest.detector)
      await rm(out(), { recursive: true })
      const strange = join(folder, 'strange')
      await cp(before, strange, { recursive: true })
      await cp('models/demo/vae_decoder.onnx', join(strange, 'vae_decoder.onnx'))
      expect(await exportWith(EXPORT_PYTHON, '--networks', strange)).toMatchObject({
        code: 1,
        text: expect.stringContaining('vae_decoder.onnx differs from PyTorch'),
      })
      expect(await readdir(folder)).toEqual(['checkpoint', 'strange'])
    })

    // Arc2Face's text encoder is a PyTorch .bin.
    it('reads PyTorch files and runs no code in them', { timeout: 300_000 }, async () => {
      const python = (code: string) => promisify(execFile)(EXPORT_PYTHON, ['-c', code], { cwd: checkpoint })
      await python(`
import torch
from safetensors.torch import load_file
torch.save(load_file("arc2face/diffusion_pytorch_model.safetensors"), "arc2face/diffusion_pytorch_model.bin")
state = load_file("encoder/model.safetensors")
torch.save(state | {"embeddings.position_ids": torch.arange(77)[None]}, "encoder/pytorch_model.bin")`)
      await rm(join(checkpoint, 'arc2face/diffusion_pytorch_model.safetensors'))
      await rm(join(checkpoint, 'encoder/model.safetensors'))
      expect((await exportWith(EXPORT_PYTHON)).code).toBe(0)
      const hashesOf = async (path: string) =>
        Object.values((await loadBundle(path)).manifest.files).map(({ sha256 }) => sha256)
      expect(await hashesOf(out())).toEqual(await hashesOf('test/fixtures/arc2face-tiny'))
      await rm(out(), { recursive: true })

      await python(`
import os, torch
class Code:
    def __reduce__(self):
        return os.mkdir, ("ran",)
torch.save({"weight": Code()}, "encoder/pytorch_model.bin")`)
      const { code, text } = await exportWith(EXPORT_PYTHON)
      expect(text).toContain('holds more than tensors')
      expect(code).toBe(1)
      expect(await readdir(checkpoint)).not.toContain('ran')
    })

    it('wants id to be one token', { timeout: 300_000 }, async () => {
      const merges = join(checkpoint, 'tokenizer/merges.txt')
      await writeFile(merges, (await readFile(merges, 'utf8')).replace('i d</w>\n', ''))
      expect(await exportWith(EXPORT_PYTHON)).toMatchObject({ code: 1, text: expect.stringContaining("splits 'id'") })
      expect(await exportWith(EXPORT_PYTHON, '--embedding-size', '600')).toMatchObject({ code: 1 })
    })

    it('refuses a file that is no LoRA, and a recogniser that is not the pinned one', {
      timeout: 300_000,
    }, async () => {
      const lora = join(folder, 'lora.safetensors')
      await writeFile(lora, 'nothing')
      expect(await exportWith(EXPORT_PYTHON, '--lora', lora)).toMatchObject({
        code: 1,
        text: expect.stringContaining('Cannot merge the LoRA'),
      })
      const recogniser = ['--recogniser', 'models/demo/edgeface_xs_512d.onnx', '--recogniser-sha256', 'a'.repeat(64)]
      expect(await exportWith(EXPORT_PYTHON, ...recogniser)).toMatchObject({
        code: 1,
        text: expect.stringContaining('not the recogniser that the diffusion was trained with'),
      })
    })
  })
}
