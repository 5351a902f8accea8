import { join } from 'node:path'
import { startPython } from '../python.ts'

export interface ReferenceRequest {
  readonly embedding: readonly number[]
  readonly images: number
  readonly steps: number
  readonly guidance: number
  /** Where the images are written, float32 [n, height, width, 3] from 0 to 1. */
  readonly save?: string
}

export interface ReferenceFacts {
  readonly torch: string
  readonly diffusers: string
  readonly device: string
  readonly dtype: string
}

/** diffusers in its own process; a call is one run of the whole pipeline. */
export const startReference = async (python: string, args: readonly string[]) => {
  const { send, answer, stop } = startPython(python, join(import.meta.dirname, 'reference.py'), args)
  return {
    facts: JSON.parse(await answer()) as ReferenceFacts,
    run: async (request: ReferenceRequest): Promise<{ seconds: number }> => {
      send(JSON.stringify(request))
      return JSON.parse(await answer())
    },
    stop,
  }
}
