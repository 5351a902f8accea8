import { hasGraphicsDevice, missingProviderFiles } from './provider-libraries.ts'
import type { Trial } from './trial.ts'

export interface AutoOptions {
  tryProvider(provider: string, timeoutMs: number): Promise<Trial>
  hasCuda?: () => boolean
  hasGraphics?: () => boolean
}

export interface Choice {
  provider: 'cuda' | 'webgpu' | 'cpu'
  /** Why those before it were passed over. */
  passed: string[]
}

/** The first use of CUDA loads and compiles for a while. */
const cudaTimeoutMs = 60_000
const timeoutMs = 20_000
/** Where a CPU cannot run the bundle's networks there is nothing to compare with. */
const maxRunMs = 1_000

const seconds = (ms: number) => `${(ms / 1000).toFixed(3)} s`

/**
 * CUDA, then WebGPU, then the CPU: the first that runs a network of the bundle here. WebGPU must also be as fast as the
 * CPU, because a software adapter such as SwiftShader looks like any other.
 */
export const chooseProvider = async ({
  tryProvider,
  hasCuda = () => missingProviderFiles('cuda').length === 0,
  hasGraphics = hasGraphicsDevice,
}: AutoOptions): Promise<Choice> => {
  const passed: string[] = []
  if (hasCuda()) {
    const cuda = await tryProvider('cuda', cudaTimeoutMs)
    if (cuda.works) return { provider: 'cuda', passed }
    passed.push(`cuda: ${cuda.reason}`)
  } else passed.push('cuda: its libraries are not installed')

  if (!hasGraphics()) return { provider: 'cpu', passed: [...passed, 'webgpu: there is no graphics device'] }
  const webgpu = await tryProvider('webgpu', timeoutMs)
  if (!webgpu.works) return { provider: 'cpu', passed: [...passed, `webgpu: ${webgpu.reason}`] }
  const cpu = await tryProvider('cpu', timeoutMs)
  const limitMs = cpu.works ? cpu.runMs : maxRunMs
  if (webgpu.runMs <= limitMs) return { provider: 'webgpu', passed }
  const slow = `webgpu: a run takes ${seconds(webgpu.runMs)}, more than ${cpu.works ? "the CPU's " : ''}${seconds(limitMs)}`
  return { provider: 'cpu', passed: [...passed, slow] }
}
