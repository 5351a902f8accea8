import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** One bash for several pieces of script, which share its variables. The first command that fails ends it. */
export const startShell = (env: NodeJS.ProcessEnv) => {
  const bash = spawn('bash', ['-eu', '-o', 'pipefail'], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [bash.stdout, bash.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(bash, 'exit')
  let nth = 0
  return {
    /** Runs a piece; what it printed, on both streams. */
    run: async (script: string): Promise<string> => {
      const mark = `--- ${nth++} ---`
      output = ''
      bash.stdin.write(`${script}\necho '${mark}'\n`)
      const done = async () => {
        while (!output.includes(mark)) await once(bash.stdout, 'data')
      }
      const failed = ended.then(([code]) => {
        throw new Error(`${script}\nended with code ${code}:\n${output}`)
      })
      await Promise.race([done(), failed])
      return output.replace(`${mark}\n`, '')
    },
    close: async () => {
      bash.stdin.end()
      await ended
    },
  }
}
