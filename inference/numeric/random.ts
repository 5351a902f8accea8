import type { GeneratorName } from '../../contracts/diffusion-settings.ts'
import { createTorchCpuRandn } from './torch-cpu-randn.ts'
import { createTorchCudaRandn } from './torch-cuda-randn.ts'

/** Draws n standard normals; every call goes on where the last one ended, in whole calls as PyTorch does. */
export type Randn = (n: number) => Float32Array

/** `manual_seed(seed)` for a seed in [-2^63, 2^64); negative ones wrap as in PyTorch. */
export const createRandn = (kind: GeneratorName, seed: number | bigint): Randn => {
  const wrapped = BigInt.asUintN(64, BigInt(seed))
  return kind === 'cuda' ? createTorchCudaRandn(wrapped) : createTorchCpuRandn(wrapped)
}
