import type { Bundle } from '../bundle.ts'
import type { Checkpoint } from '../diffusion/checkpoint.ts'
import type { GenerateRequest } from '../diffusion/request.ts'
import type { RgbImage } from '../numeric/image.ts'
import type { Batch } from './batcher.ts'
import type { DiffusionThreadData, GenerateCall } from './diffusion-engine-thread.ts'
import { startThread } from './thread.ts'

export type { GenerateRequest } from '../diffusion/request.ts'

export interface StepEvent {
  /** Steps done, from 1. */
  readonly step: number
  readonly of: number
  /** State after the step; `checkpoint.latents` is [n, channels, height, width]. */
  readonly checkpoint: Checkpoint
  /** Small pictures of the images, where they were asked for and the bundle has a map for them. */
  readonly previews?: readonly RgbImage[]
  /** Calls of the UNet since the last event of any job: each is reported once. */
  readonly batches?: readonly Batch[]
  /** How long the networks took to load, told once after each loading. */
  readonly loadMs?: number
}

export interface GenerateOptions {
  onStep?: (event: StepEvent) => void
  /** Frees the device within one step; the call then rejects with `Stopped`, which says after which step. */
  signal?: AbortSignal
  /** Every how many steps previews are made; 0 for none. */
  previewEvery?: number
}

/** Diffusion in its own thread. Jobs that run at the same time share UNet calls. */
export interface DiffusionEngine {
  /** One image for each of `request.images`. */
  generate(request: GenerateRequest, options?: GenerateOptions): Promise<RgbImage[]>
  close(): Promise<void>
}

export interface DiffusionEngineOptions {
  bundle: Bundle
  /** Threads of one operator; absent leaves it to onnxruntime. */
  threads?: number
  /** onnxruntime's names; cpu by default. */
  executionProviders?: readonly string[]
  /** UNet rows of one call at most, a guided image takes two; found by measuring when absent. */
  maxBatchRows?: number
  /** How long idle networks stay loaded. */
  idleReleaseMs?: number
}

const defaultIdleReleaseMs = 5 * 60_000

/** Networks load at the first call. */
export const createDiffusionEngine = ({
  bundle,
  threads,
  executionProviders,
  maxBatchRows,
  idleReleaseMs = defaultIdleReleaseMs,
}: DiffusionEngineOptions): DiffusionEngine => {
  const spec = bundle.manifest.diffusion
  const thread = startThread(new URL('./diffusion-engine-thread.ts', import.meta.url), {
    model: { spec, bundleSha256: bundle.sha256 },
    folder: bundle.folder,
    network: { ...(threads && { threads }), ...(executionProviders && { executionProviders }) },
    ...(maxBatchRows && { maxBatchRows }),
    idleReleaseMs,
  } satisfies DiffusionThreadData)
  return {
    generate: (request, { onStep, signal, previewEvery = 0 } = {}) =>
      thread.call<RgbImage[], StepEvent>('generate', { request, previewEvery } satisfies GenerateCall, {
        ...(onStep && { onEvent: onStep }),
        ...(signal && { signal }),
      }),
    close: () => thread.close(),
  }
}
