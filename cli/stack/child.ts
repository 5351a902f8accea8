import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { watchProcess } from '../../lib/watch-process.ts'

export interface ChildOptions {
  name: string
  /** TypeScript file and its arguments. */
  module: URL
  args?: readonly string[]
  env: NodeJS.ProcessEnv
  /** Called with every line that it prints, except its `ready` line. */
  onLine: (line: string) => void
}

export interface Child {
  readonly pid: number
  /** Resolves with the reason when the process ends, whether it was stopped or not. */
  readonly ended: Promise<string>
  stop(): Promise<void>
}

const startTimeoutMs = 60_000
const stopTimeoutMs = 40_000

/** Starts a process of Idem. Resolves when it has printed its `ready` line. */
export const startChild = async ({ name, module, args = [], env, onLine }: ChildOptions): Promise<Child> => {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), fileURLToPath(module), ...args],
    // Detached, so that a Ctrl-C only reaches the parent. The IPC channel closes if the parent dies.
    { env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  )
  const last: string[] = []
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        if (line.startsWith('ready')) return resolve()
        last.push(line)
        if (last.length > 20) last.shift()
        onLine(`${name}: ${line}`)
      })
    }
  })
  const { ended, stop } = watchProcess(child, stopTimeoutMs)
  const timer = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs)
  const failure = await Promise.race([ready.then(() => undefined), ended])
  clearTimeout(timer)
  if (failure) throw new Error([`The ${name} ${failure} before it was ready`, ...last].join('\n  '))
  return { pid: child.pid!, ended, stop }
}
