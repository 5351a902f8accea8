const SIZE = 624
const SHIFT = 397
const MATRIX = 0x9908b0df

/** The Mersenne Twister of Matsumoto and Nishimura (1998): 32-bit words, as PyTorch's CPU generator draws them. */
export const createMt19937 = (seed: number): (() => number) => {
  const state = new Uint32Array(SIZE)
  state[0] = seed
  for (let i = 1; i < SIZE; i++) {
    const previous = state[i - 1]!
    state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i
  }
  let next = SIZE

  const twist = () => {
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff)
      state[i] = state[(i + SHIFT) % SIZE]! ^ (y >>> 1) ^ (y & 1 ? MATRIX : 0)
    }
    next = 0
  }

  return () => {
    if (next === SIZE) twist()
    let y = state[next++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    y ^= y >>> 18
    return y >>> 0
  }
}
