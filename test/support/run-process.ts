import { type ExecFileOptions, execFile } from 'node:child_process'

export interface EndedProcess {
  code: number
  stdout: string
  stderr: string
}

/** Runs a program to its end. An exit code other than 0 is a result, too. */
export const runProcess = (
  file: string,
  args: readonly string[] = [],
  options: ExecFileOptions = {},
): Promise<EndedProcess> =>
  new Promise((resolve) => {
    execFile(file, args, { maxBuffer: 1e8, ...options }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout: `${stdout}`, stderr: `${stderr}` }),
    )
  })

/** Runs one of our TypeScript files. */
export const runScript = (file: string, args: readonly string[] = [], options?: ExecFileOptions) =>
  runProcess(process.execPath, ['--import', import.meta.resolve('tsx'), file, ...args], options)
