import { logFloat32, sincosFloat32 } from './cephes.ts'
import { createMt19937 } from './mt19937.ts'

const BLOCK = 16
const HALF = BLOCK / 2
const { fround } = Math
const TWO_PI = fround(2 * Math.PI)

/**
 * `torch.randn(n, generator=torch.Generator().manual_seed(seed))`, call after call: standard normals in float32.
 * PyTorch draws fewer than 16 values one by one in double precision and keeps the odd one for the next call; from 16
 * up it transforms blocks of 16 and draws the last block again when n is not a multiple of 16.
 * Source: aten/src/ATen/native/cpu/DistributionTemplates.h and ATen/core/DistributionsHelper.h.
 */
export const createTorchCpuRandn = (seed: bigint): ((n: number) => Float32Array) => {
  // The engine is seeded with the low 32 bits only.
  const word = createMt19937(Number(BigInt.asUintN(32, seed)))
  const uniform24 = () => (word() & 0xffffff) / 0x1000000
  const uniform53 = () => {
    const high = word()
    return ((high & 0x1fffff) * 0x100000000 + word()) / 2 ** 53
  }

  let kept: number | undefined
  const normal = () => {
    if (kept !== undefined) {
      const value = kept
      kept = undefined
      return value
    }
    const angle = 2 * Math.PI * uniform53()
    const radius = Math.sqrt(-2 * Math.log1p(-uniform53()))
    kept = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  return (n) => {
    const out = new Float32Array(n)
    if (n < BLOCK) return out.map(normal)
    for (let i = 0; i < n; i++) out[i] = uniform24()
    for (let i = 0; i + BLOCK <= n; i += BLOCK) boxMullerBlock(out.subarray(i, i + BLOCK))
    if (n % BLOCK !== 0) {
      const last = out.subarray(n - BLOCK)
      for (let i = 0; i < BLOCK; i++) last[i] = uniform24()
      boxMullerBlock(last)
    }
    return out
  }
}

/** In place, as PyTorch's AVX2 kernel does it: value j and value j + 8 make one pair. */
const boxMullerBlock = (block: Float32Array) => {
  for (let j = 0; j < HALF; j++) {
    const radius = fround(Math.sqrt(fround(-2 * logFloat32(fround(1 - block[j]!)))))
    const [sin, cos] = sincosFloat32(fround(TWO_PI * block[j + HALF]!))
    block[j] = radius * cos
    block[j + HALF] = radius * sin
  }
}
