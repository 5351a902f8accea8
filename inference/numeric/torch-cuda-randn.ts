import { philox } from './philox.ts'

// CURAND_2POW32_INV of curand_globals.h, rounded there as here.
const WORD_TO_UNIT = 2.3283064e-10
const unit = (word: number) => word * WORD_TO_UNIT + WORD_TO_UNIT / 2

/**
 * `torch.randn(n, device="cuda", generator=torch.Generator("cuda").manual_seed(seed))`, call after call: standard
 * normals in float32. Element i is the first normal (Box-Muller, sine branch) of counter (call, 0, i, 0) under the seed
 * as key.
 *
 * That holds while every GPU thread makes one value per call, so for n up to 256 * blocks-per-SM * SMs: 40,960 on the
 * smallest data-centre card (T4), 221,184 on an A100. A latent of 512x512 px has 16,384. For more, PyTorch's own
 * result depends on the card; here the sequence simply goes on. Each such call moves the generator's offset by 4, one
 * counter.
 */
export const createTorchCudaRandn = (seed: bigint): ((n: number) => Float32Array) => {
  const key0 = Number(BigInt.asUintN(32, seed))
  const key1 = Number(BigInt.asUintN(32, seed >> 32n))
  let call = 0
  return (n) => {
    const out = new Float32Array(n)
    for (let i = 0; i < n; i++) {
      const [u, v] = philox(call, 0, i, 0, key0, key1)
      out[i] = Math.sqrt(-2 * Math.log(unit(u))) * Math.sin(2 * Math.PI * unit(v))
    }
    call += 1
    return out
  }
}
