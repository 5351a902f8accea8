import { describe, expect, it } from 'vitest'
import { createRandn } from '../../../inference/numeric/random.ts'
import { readGoldenJson } from '../../support/arrays.ts'

/** Steps between two float32 values. */
const ulps = (a: number, b: number): number => {
  const bits = new Int32Array(Float32Array.of(a, b).buffer)
  const ordered = (x: number) => (x < 0 ? -(x & 0x7fffffff) : x)
  return Math.abs(ordered(bits[0]!) - ordered(bits[1]!))
}

const worst = (found: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((value, i) => ulps(value, found[i]!)))

describe("PyTorch's CUDA generator", () => {
  const golden = readGoldenJson<Record<string, { first_call: number[]; second_call: number[] }>>('philox.json')
  it.each(Object.keys(golden))('gives the normals of seed %s', (seed) => {
    const randn = createRandn('cuda', BigInt(seed))
    expect(worst(randn(16), golden[seed]!.first_call)).toBeLessThanOrEqual(1)
    expect(worst(randn(16), golden[seed]!.second_call)).toBeLessThanOrEqual(1)
  })
})

describe("PyTorch's CPU generator", () => {
  interface Draws {
    head: number[]
    tail: number[]
    sum: number
    second_call: number[]
  }
  const golden = readGoldenJson<Record<string, Draws>>('torch_cpu_randn.json')
  it.each(Object.keys(golden))('gives the normals of %s (seed/n)', (name) => {
    const [seed = '', n = ''] = name.split('/')
    const { head, tail, sum, second_call } = golden[name]!
    const randn = createRandn('cpu', BigInt(seed))
    const first = randn(Number(n))
    expect(worst(first, head)).toBeLessThanOrEqual(1)
    expect(worst(first.slice(-tail.length), tail)).toBeLessThanOrEqual(1)
    expect(first.reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 3)
    expect(worst(randn(Number(n)), second_call)).toBeLessThanOrEqual(1)
  })
})
