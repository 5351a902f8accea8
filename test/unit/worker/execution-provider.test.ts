import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadBundle } from '../../../inference/bundle.ts'
import { executionProvidersFor } from '../../../worker/execution-provider.ts'
import { chooseProvider } from '../../../worker/providers/auto.ts'
import { missingProviderFiles, parseLdd } from '../../../worker/providers/provider-libraries.ts'
import { type Trial, tryProvider } from '../../../worker/providers/trial.ts'

const bundle = await loadBundle('models/demo')

describe('the execution provider', () => {
  it('is the CPU for cpu', async () => {
    expect(await executionProvidersFor('cpu', bundle)).toEqual(['cpu'])
  })

  it('is one that runs here for auto, and says why not another', async () => {
    const lines: string[] = []
    const [provider] = await executionProvidersFor('auto', bundle, (line) => lines.push(line))
    expect(lines).toEqual([expect.stringMatching(`^the diffusion runs on ${provider}`)])
    expect(await tryProvider(provider!, bundle)).toMatchObject({ works: true })
    if (provider === 'cpu') expect(lines[0]).toMatch(/; cuda: .*; webgpu: /)
  })

  it('is never something else than was asked for', async () => {
    await expect(executionProvidersFor('gpu', bundle)).rejects.toThrow('use one of auto, cpu')
    // With CUDA's libraries the provider itself comes back; without them that is an error, which says what to do.
    const cuda = await executionProvidersFor('cuda', bundle).catch((error: Error) => error.message)
    if (missingProviderFiles('cuda').length > 0) {
      expect(cuda).toMatch(/^IDEM_EXECUTION_PROVIDER is cuda, which cannot be used on this machine:\n {2}lib\S+ and /)
      expect(cuda).toContain('onnxruntime-gpu[cuda,cudnn]==1.30.0')
      await expect(executionProvidersFor('cuda', bundle)).rejects.toMatchObject({ type: 'provider_missing' })
    } else expect([['cuda'], expect.stringContaining('not found')]).toContainEqual(cuda)
  })
})

describe('the choice of auto', () => {
  const choose = async (trials: Record<string, Trial>, { cuda = true, graphics = true } = {}) => {
    const tried: string[] = []
    const choice = await chooseProvider({
      tryProvider: async (provider) => {
        tried.push(provider)
        return trials[provider]!
      },
      hasCuda: () => cuda,
      hasGraphics: () => graphics,
    })
    return { ...choice, tried }
  }
  const runs = (runMs: number): Trial => ({ works: true, runMs })
  const fails = (reason: string): Trial => ({ works: false, reason })

  it('is CUDA where it runs', async () => {
    expect(await choose({ cuda: runs(5) })).toEqual({ provider: 'cuda', passed: [], tried: ['cuda'] })
  })

  it('is WebGPU where CUDA does not run and the CPU is slower', async () => {
    const choice = await choose({ cuda: fails('no device'), webgpu: runs(5), cpu: runs(50) })
    expect(choice).toMatchObject({ provider: 'webgpu', passed: ['cuda: no device'] })
  })

  it('is the CPU where WebGPU is a software adapter, which is slower', async () => {
    const choice = await choose({ webgpu: runs(14_035), cpu: runs(26) }, { cuda: false })
    expect(choice.provider).toBe('cpu')
    expect(choice.passed[1]).toBe("webgpu: a run takes 14.035 s, more than the CPU's 0.026 s")
  })

  it('asks WebGPU for a reasonable time where the CPU cannot run the bundle', async () => {
    const cpu = fails('Failed to find kernel')
    expect((await choose({ webgpu: runs(900), cpu }, { cuda: false })).provider).toBe('webgpu')
    expect((await choose({ webgpu: runs(1_100), cpu }, { cuda: false })).provider).toBe('cpu')
  })

  it('tries nothing where there is nothing to try', async () => {
    const choice = await choose({}, { cuda: false, graphics: false })
    expect(choice).toMatchObject({ provider: 'cpu', tried: [] })
    expect(choice.passed).toHaveLength(2)
  })
})

describe('a trial', () => {
  it('runs a network', async () => {
    const trial = await tryProvider('cpu', bundle)
    expect(trial).toEqual({ works: true, runMs: expect.any(Number) })
    expect((trial as { runMs: number }).runMs).toBeGreaterThan(0)
  })

  it('says why one does not run', async () => {
    expect(await tryProvider('magic', bundle)).toEqual({
      works: false,
      reason: expect.stringContaining('backend not found'),
    })
  })

  it('outlives one that crashes or hangs', async () => {
    const dies = 'process.kill(process.pid, "SIGSEGV"); for (;;);'
    const hangs = 'for (;;);'
    const run = (code: string, timeoutMs: number) =>
      tryProvider('cpu', bundle, {
        timeoutMs,
        env: { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` },
      })
    expect(await run(dies, 10_000)).toEqual({ works: false, reason: 'brings its process down (SIGSEGV)' })
    expect(await run(hangs, 1_500)).toEqual({ works: false, reason: 'a run takes more than 1.5 s' })
  })

  // Debian's chromium brings SwiftShader and a Vulkan loader.
  const chromium = '/usr/lib/chromium'
  it.skipIf(!existsSync(`${chromium}/vk_swiftshader_icd.json`))('passes SwiftShader over', async () => {
    const env = {
      ...process.env,
      LD_LIBRARY_PATH: chromium,
      VK_ICD_FILENAMES: `${chromium}/vk_swiftshader_icd.json`,
    }
    const { provider, passed } = await chooseProvider({
      tryProvider: (name) => tryProvider(name, bundle, { env, timeoutMs: 5_000 }),
      hasCuda: () => false,
      hasGraphics: () => true,
    })
    expect(provider).toBe('cpu')
    expect(passed[1]).toMatch(/^webgpu: a run takes more than /)
  })
})

it('reads from ldd which libraries there are not', () => {
  const output = `	linux-vdso.so.1 (0x00007ffd3)
	libcublasLt.so.13 => not found
	libcuda.so.1 => not found
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0)
	/lib64/ld-linux-x86-64.so.2 (0x00007f1)
`
  expect(parseLdd(output)).toEqual(['libcublasLt.so.13', 'libcuda.so.1'])
  expect(parseLdd('	statically linked\n')).toEqual([])
})
