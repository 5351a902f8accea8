import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Bundle } from '../../inference/bundle.ts'

/** What the trial's process says. */
export type TrialAnswer = { runMs: number } | { error: string }

export type Trial =
  /** Time of one run of the bundle's VAE decoder, after the first. */
  { works: true; runMs: number } | { works: false; reason: string }

/** onnxruntime begins its messages with a place in its own code and the condition that did not hold. */
const shorten = (message: string): string =>
  message
    .replace(/^\/\S+:\d+ .*? was false\. /s, '')
    .replace(/^\/\S+:\d+ \S+ /, '')
    .trim()
    .slice(0, 300)

/** Runs a network of the bundle on a provider, in its own process, so that a crash or a hang does not affect this one. */
export const tryProvider = async (
  provider: string,
  bundle: Bundle,
  { timeoutMs = 20_000, env }: { timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Trial> => {
  const child = spawn(
    process.execPath,
    [
      '--import',
      import.meta.resolve('tsx'),
      fileURLToPath(new URL('./trial-process.ts', import.meta.url)),
      provider,
      bundle.folder,
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], ...(env && { env }) },
  )
  let answer: TrialAnswer | undefined
  let late = false
  child.once('message', (message) => {
    answer = message as TrialAnswer
  })
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, timeoutMs)
  const end = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`cannot be tried: ${error.message}`))
    child.once('exit', (code, signal) =>
      resolve(signal ? `brings its process down (${signal})` : `ends its process with code ${code}`),
    )
  })
  clearTimeout(timer)
  if (answer && 'runMs' in answer) return { works: true, runMs: answer.runMs }
  if (answer) return { works: false, reason: shorten(answer.error) }
  return { works: false, reason: late ? `a run takes more than ${timeoutMs / 1000} s` : end }
}
