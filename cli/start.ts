import { parseArgs } from 'node:util'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { readStartConfig, type StartConfig } from './config.ts'
import { durationOption } from './options.ts'
import { startStack } from './stack/stack.ts'

const help = `Runs everything on this machine: Temporal with its UI, the API, and a worker for every queue.

  npm start
  npm start -- --scale-to-zero

  --scale-to-zero         runs the gpu worker only while it has work; the first job waits until it has started
  --exit-when-idle TIME   stops that worker after this time without work (60s)
  --help

State (Temporal's database, artifacts, secrets) is stored in .idem/ (IDEM_STATE), and is kept across restarts. The ports
are 8787 (API), 7233 (Temporal) and 8233 (UI), or the next free ones. If TEMPORAL_ADDRESS is set, that server is used.
A process that ends unexpectedly is restarted. Ctrl-C stops everything.`

const defaultIdle = '60s'

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: { 'scale-to-zero': { type: 'boolean' }, 'exit-when-idle': { type: 'string' } },
  })
  const { 'scale-to-zero': scaleToZero, 'exit-when-idle': exitWhenIdle } = values
  durationOption('--exit-when-idle', exitWhenIdle)
  if (exitWhenIdle && !scaleToZero) throw new UsageError('--exit-when-idle needs --scale-to-zero')
  const config: StartConfig = {
    ...readStartConfig(),
    ...(scaleToZero && { scaleToZero: { exitWhenIdle: exitWhenIdle ?? defaultIdle } }),
  }
  const stopAsked = new Promise<undefined>((resolve) => {
    // Not removed: a second Ctrl-C, or one that npm forwards, must not interrupt the shutdown.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(undefined))
  })
  const starting = startStack(config, (line) => console.error(line))
  const stack = await Promise.race([starting, stopAsked])
  if (!stack) {
    // Stopped during the start: stop what has been started.
    await starting.then((late) => late.stop())
    return
  }
  console.log(`API          ${stack.apiUrl}
Temporal     ${stack.temporalAddress}
Temporal UI  ${stack.uiUrl}
State        ${config.stateDir}${stack.cliConfig ? `\nCLI          export TEMPORAL_CONFIG_FILE=${stack.cliConfig}` : ''}
ready`)

  await stopAsked
  console.log('stopping')
  await stack.stop()
})
