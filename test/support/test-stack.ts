import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { readTokenFile, writeTokenFile } from '../../api/token-file.ts'
import { makeToken } from '../../api/token-records.ts'
import { readStartConfig, type StartConfig } from '../../cli/config.ts'
import { startStack } from '../../cli/stack/stack.ts'
import { freePort } from '../../lib/ports.ts'

export interface StackOptions extends Pick<StartConfig, 'scaleToZero'> {
  env?: NodeJS.ProcessEnv
  onLine?: (line: string) => void
}

/** Starts real processes from a folder of state, on free ports, with the CLI that the whole run has found already. */
export const startStackIn = async (
  stateDir: string,
  { env = {}, onLine = () => undefined, ...more }: StackOptions = {},
) => {
  const config = readStartConfig({
    ...process.env,
    IDEM_STATE: stateDir,
    IDEM_PORT: '0',
    TEMPORAL_ADDRESS: '',
    IDEM_TOKENS: '',
    ...env,
  })
  const path = `${join(inject('temporalCli'), '..')}:${config.path}`
  // Other stacks start at the same time, and would take a usual port while a server is started again.
  const temporalPorts = { grpc: await freePort(), ui: await freePort() }
  return startStack({ ...config, path, temporalPorts, ...more }, onLine)
}

/** A stack with a state of its own that goes with it, and tokens where there are to be some. */
export const startTestStack = async ({ tenants = [], env }: { tenants?: string[]; env?: NodeJS.ProcessEnv } = {}) => {
  const stateDir = await mkdtemp(join(tmpdir(), 'idem-stack-'))
  const tokensFile = join(stateDir, 'tokens.json')
  const tokens: Record<string, string> = {}
  for (const tenant of tenants) {
    const { token, record } = await makeToken(tenant)
    tokens[tenant] = token
    await writeTokenFile(tokensFile, [...(await readTokenFile(tokensFile)), record])
  }
  const lines: string[] = []
  const stack = await startStackIn(stateDir, {
    env: { IDEM_ALLOW_PRIVATE_NETWORK: '1', IDEM_TOKENS: tenants.length > 0 ? tokensFile : '', ...env },
    onLine: (line) => lines.push(line),
  })
  return {
    ...stack,
    stateDir,
    tokens,
    /** What its processes have written. */
    lines,
    stop: async () => {
      await stack.stop()
      await rm(stateDir, { recursive: true, force: true })
    },
  }
}

export type TestStack = Awaited<ReturnType<typeof startTestStack>>
