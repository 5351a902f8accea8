import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type NpyArray, parseNpy } from '../../inference/npy.ts'

const golden = join(import.meta.dirname, '../golden')

export const readGolden = (file: string): NpyArray => parseNpy(readFileSync(join(golden, file)))

export const readGoldenJson = <T>(file: string): T => JSON.parse(readFileSync(join(golden, file), 'utf8')) as T

export const maxDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!))
  return worst
}

/** Row k of the first dimension. */
export const rowOf = ({ data, shape }: NpyArray, k: number): Float32Array => {
  const size = data.length / shape[0]!
  return data.slice(k * size, (k + 1) * size)
}
