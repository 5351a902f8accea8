import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A Python program that is sent lines and answers with lines. */
export const startPython = (python: string, script: string, args: readonly string[]) => {
  const child = spawn(python, ['-W', 'ignore', script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) => reject(new Error(`Cannot run ${python}`, { cause })))
  })
  failed.catch(() => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    send: (line: string) => {
      child.stdin.write(`${line}\n`)
    },
    /** The next line that it prints. */
    answer: async (): Promise<string> => {
      const { value, done } = await Promise.race([lines.next(), failed])
      if (done) throw new Error('The Python process ended without an answer')
      return value
    },
    stop: () => {
      child.stdin.end()
    },
  }
}
