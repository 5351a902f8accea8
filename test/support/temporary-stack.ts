import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { writeTokenFile } from '../../api/token-file.ts'
import { makeToken } from '../../api/tokens.ts'
import { readStartConfig } from '../../infra/config.ts'
import { startStack } from '../../infra/stack/stack.ts'

export interface TemporaryStackOptions {
  /** Asks for tokens, and has one for this tenant. */
  tenant?: string
  env?: NodeJS.ProcessEnv
}

/** Everything that `npm start` starts, in a folder of its own that goes with it. */
export const startTemporaryStack = async ({ tenant, env }: TemporaryStackOptions = {}) => {
  const stateDir = await mkdtemp(join(tmpdir(), 'idem-stack-'))
  const tokensFile = join(stateDir, 'tokens.json')
  const made = tenant === undefined ? undefined : await makeToken(tenant)
  if (made) await writeTokenFile(tokensFile, [made.record])
  const config = readStartConfig({
    ...process.env,
    IDEM_STATE: stateDir,
    IDEM_PORT: '0',
    IDEM_TOKENS: made ? tokensFile : '',
    TEMPORAL_ADDRESS: '',
    ...env,
  })
  const lines: string[] = []
  // The CLI that the whole run has found already.
  const path = `${join(inject('temporalCli'), '..')}:${config.path}`
  const stack = await startStack({ ...config, path }, (line) => lines.push(line))
  return {
    ...stack,
    token: made?.token ?? '',
    /** What its processes have printed. */
    lines,
    stop: async () => {
      await stack.stop()
      await rm(stateDir, { recursive: true, force: true })
    },
  }
}

export type TemporaryStack = Awaited<ReturnType<typeof startTemporaryStack>>
