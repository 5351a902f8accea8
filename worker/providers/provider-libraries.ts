import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { readLibraryPath } from '../config.ts'

const exec = promisify(execFile)
const require = createRequire(import.meta.url)
const timeout = 10_000

/** Folder and release of the onnxruntime that runs here; CUDA and TensorRT are libraries beside it. */
export const onnxruntime = () => {
  const root = dirname(dirname(require.resolve('onnxruntime-node')))
  const { version } = require(join(root, 'package.json')) as { version: string }
  return { folder: join(root, 'bin/napi-v6', process.platform, process.arch), version }
}

const fileName = (provider: string): string =>
  process.platform === 'win32' ? `onnxruntime_providers_${provider}.dll` : `libonnxruntime_providers_${provider}.so`

/** Which files of a provider that is a separate library are missing. */
export const missingProviderFiles = (provider: 'cuda' | 'tensorrt', folder = onnxruntime().folder): string[] =>
  ['shared', provider].map(fileName).filter((name) => !existsSync(join(folder, name)))

/** Names after which `ldd` says that there is no such library. */
export const parseLdd = (output: string): string[] =>
  [...output.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name]) => name!)

const isFindable = async (name: string, searchPath: string): Promise<boolean> => {
  if (searchPath.split(delimiter).some((folder) => folder && existsSync(join(folder, name)))) return true
  const cache = await exec('/sbin/ldconfig', ['-p'], { timeout }).catch(() => ({ stdout: '' }))
  return cache.stdout.includes(`${name} `)
}

/** What the CUDA library looks for only when it runs: convolutions and Fourier transforms. */
const lateLibraries = ['libcudnn.so.9', 'libcufft.so.12']

/** Libraries of CUDA, cuDNN, TensorRT and the driver that a provider needs and this machine lacks. Works on Linux only. */
export const missingLibraries = async (
  provider: 'cuda' | 'tensorrt',
  { folder = onnxruntime().folder, searchPath = readLibraryPath() } = {},
): Promise<string[]> => {
  const file = join(folder, fileName(provider))
  if (process.platform !== 'linux' || !existsSync(file)) return []
  const { stdout } = await exec('ldd', [file], { timeout }).catch(() => ({ stdout: '' }))
  const late = await Promise.all(
    lateLibraries.map(async (name) => ((await isFindable(name, searchPath)) ? [] : [name])),
  )
  return [...new Set([...parseLdd(stdout), ...late.flat()])]
}

/**
 * Whether there is a graphics device at all. Without one, WebGPU can only have a software adapter, which onnxruntime does
 * not tell apart. Systems other than Linux are not asked.
 */
export const hasGraphicsDevice = (): boolean => {
  if (process.platform !== 'linux') return true
  const names = [...readdirSync('/dev'), ...(existsSync('/dev/dri') ? readdirSync('/dev/dri') : [])]
  return names.some((name) => /^(renderD\d+|nvidia\d+|dxg)$/.test(name))
}
