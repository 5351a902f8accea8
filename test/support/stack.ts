import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { readTokenFile, writeTokenFile } from '../../api/token-file.ts'
import { makeToken } from '../../api/tokens.ts'
import { readStartConfig } from '../../infra/config.ts'
import { startStack } from '../../infra/stack/stack.ts'

/** A stack of real processes with a state of its own, and tokens where there are to be some. */
export const startTestStack = async ({
  tenants = [],
  env = {},
}: {
  tenants?: string[]
  env?: NodeJS.ProcessEnv
} = {}) => {
  const stateDir = await mkdtemp(join(tmpdir(), 'idem-stack-'))
  const tokensFile = join(stateDir, 'tokens.json')
  const tokens: Record<string, string> = {}
  for (const tenant of tenants) {
    const { token, record } = await makeToken(tenant)
    tokens[tenant] = token
    await writeTokenFile(tokensFile, [...(await readTokenFile(tokensFile)), record])
  }
  const config = readStartConfig({
    ...process.env,
    IDEM_STATE: stateDir,
    IDEM_PORT: '0',
    TEMPORAL_ADDRESS: '',
    IDEM_ALLOW_PRIVATE_NETWORK: '1',
    ...(tenants.length > 0 && { IDEM_TOKENS: tokensFile }),
    ...env,
  })
  const lines: string[] = []
  const path = `${join(inject('temporalCli'), '..')}:${config.path}`
  const stack = await startStack({ ...config, path }, (line) => lines.push(line))
  return {
    ...stack,
    stateDir,
    tokens,
    /** What its processes have written. */
    lines,
    stop: async ({ keep = false } = {}) => {
      await stack.stop()
      if (!keep) await rm(stateDir, { recursive: true, force: true })
    },
  }
}

export type TestStack = Awaited<ReturnType<typeof startTestStack>>
