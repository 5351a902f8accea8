import type { Network } from '../engine/runtime.ts'

/** Height and width of an `[n,3,h,w]` input where the network fixes both. */
export const inputSize = (network: Network, input: string): { width: number; height: number } | undefined => {
  const [, , height, width] = network.inputDims[input] ?? []
  return typeof height === 'number' && typeof width === 'number' && height > 0 && width > 0
    ? { width, height }
    : undefined
}
