import { parseArgs } from 'node:util'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { readStartConfig, type StartConfig } from './config.ts'
import { durationOption } from './options.ts'
import { startStack } from './stack/stack.ts'

const help = `Starts everything on this machine and keeps it running: Temporal with its UI, the API, and a worker for every queue.

  npm start
  npm start -- --scale-to-zero

  --scale-to-zero         runs the gpu worker only while there is work for it: the first job waits for its start
  --exit-when-idle TIME   how long that worker stays without work (60s)
  --help

State (Temporal's database, artifacts, secrets) lives in .idem/ (IDEM_STATE) and survives a restart. Ports are the usual
ones (API 8787, Temporal 7233, UI 8233) or the next free ones. TEMPORAL_ADDRESS uses a running server in place of a new
one. What ends by itself is started again. Ctrl-C stops everything.`

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
    // Stays: a second Ctrl-C, or one that npm passes on as well, must not cut the stopping short.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(undefined))
  })
  const starting = startStack(config, (line) => console.error(line))
  const stack = await Promise.race([starting, stopAsked])
  if (!stack) {
    // Asked to stop while starting: what has come up goes down again.
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
