import { join } from 'node:path'
import { denoise, Stopped } from '../diffusion/denoise.ts'
import { loadDiffusion } from '../diffusion/load-diffusion.ts'
import { renderPreview } from '../diffusion/preview.ts'
import type { DiffusionModel, GenerateRequest } from '../diffusion/request.ts'
import type { RgbImage } from '../numeric/image.ts'
import { fixedBatchLimit, measuredBatchLimit } from './batch-limit.ts'
import { type Batch, createBatcher } from './batcher.ts'
import { pixelBuffers } from './pixel-buffers.ts'
import { loadNetwork, type Network, type NetworkOptions } from './runtime.ts'
import { type CallContext, Moved, serveThread } from './thread.ts'

export interface DiffusionThreadData {
  model: DiffusionModel
  /** Folder of the bundle. */
  folder: string
  network: NetworkOptions
  maxBatchRows?: number
  idleReleaseMs: number
}

export interface GenerateCall {
  request: GenerateRequest
  previewEvery?: number
}

const loadAll = async (
  { model: { spec }, folder, network, maxBatchRows }: DiffusionThreadData,
  onBatch: (batch: Batch) => void,
) => {
  const limit = maxBatchRows ? fixedBatchLimit(maxBatchRows) : measuredBatchLimit()
  const loaded: Network[] = []
  const load = async (file: string) => {
    const one = await loadNetwork(join(folder, file), network)
    loaded.push(one)
    return one
  }
  const release = () => Promise.all(loaded.map((one) => one.release()))
  try {
    const { unet, ...others } = await loadDiffusion(spec, load)
    return { ...others, unet: createBatcher(unet, limit, onBatch), release }
  } catch (error) {
    await release()
    throw error
  }
}

serveThread<DiffusionThreadData>(async (data) => {
  const { model, idleReleaseMs } = data
  const { latentShape, preview } = model.spec
  const size = latentShape[0] * latentShape[1] * latentShape[2]
  let networks: ReturnType<typeof loadAll> | undefined
  let jobs = 0
  let idle: NodeJS.Timeout | undefined
  /** What the next event tells. */
  const news: { batches: Batch[]; loadMs?: number } = { batches: [] }
  const takeNews = () => {
    const { batches, loadMs } = news
    news.batches = []
    delete news.loadMs
    return { ...(batches.length > 0 && { batches }), ...(loadMs !== undefined && { loadMs }) }
  }
  const load = async () => {
    const startedAt = performance.now()
    const loaded = await loadAll(data, (batch) => news.batches.push(batch))
    news.loadMs = performance.now() - startedAt
    return loaded
  }

  /** Networks load at first use, stay warm while there is work and are released when there has been none for a while. */
  const use = async <T>(work: (loaded: Awaited<ReturnType<typeof loadAll>>) => Promise<T>): Promise<T> => {
    clearTimeout(idle)
    jobs += 1
    networks ??= load().catch((error: unknown) => {
      networks = undefined
      throw error
    })
    try {
      return await work(await networks)
    } finally {
      jobs -= 1
      if (jobs === 0) {
        idle = setTimeout(() => {
          void networks?.then((loaded) => loaded.release()).catch(() => undefined)
          networks = undefined
        }, idleReleaseMs)
        idle.unref()
      }
    }
  }

  const generate = ({ request, previewEvery = 0 }: GenerateCall, { emit, signal }: CallContext) =>
    use(async ({ vaeDecoder, ...loaded }) => {
      const steps = request.settings.num_steps
      const latentsOf = (latents: Float32Array, image: number) => latents.slice(image * size, (image + 1) * size)
      const latents = await denoise(loaded, model, request, {
        signal,
        onStep: (checkpoint) => {
          const show = preview && previewEvery > 0 && checkpoint.step % previewEvery === 0
          const previews = show
            ? request.images.map((_, k) => renderPreview(latentsOf(checkpoint.latents, k), latentShape, preview))
            : undefined
          const { step } = checkpoint
          emit({ step, of: steps, checkpoint, ...(previews && { previews }), ...takeNews() })
        },
      })
      const images: RgbImage[] = []
      for (let k = 0; k < request.images.length; k++) {
        if (signal.aborted) throw new Stopped(steps)
        images.push(await vaeDecoder.decode(latentsOf(latents, k), latentShape))
        await new Promise((resolve) => setImmediate(resolve))
      }
      return new Moved(images, pixelBuffers(images))
    })

  return { generate }
})
