import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

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

/** diffusers in a process of its own; a call is one run of the whole pipeline. */
export const startReference = async (python: string, args: readonly string[]) => {
  const child = spawn(python, ['-W', 'ignore', join(import.meta.dirname, 'reference.py'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) => reject(new Error(`Cannot run ${python}`, { cause })))
  })
  failed.catch(() => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await Promise.race([lines.next(), failed])
    if (done) throw new Error('The Python process ended without an answer')
    return JSON.parse(value) as T
  }
  return {
    facts: await answer<ReferenceFacts>(),
    run: (request: ReferenceRequest) => {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      return answer<{ seconds: number }>()
    },
    stop: () => child.stdin.end(),
  }
}
