import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { findPythonClients } from '../support/python-clients.ts'
import { startTestStack } from '../support/test-stack.ts'

const python = await findPythonClients({ ci: Boolean(process.env.CI) })

/** Cases of the fuzzing and the stateful phase for each operation; the others have their own. */
const maxExamples = 15
/** The same cases in every run, as far as they do not come from answers. */
const seed = '1'
/** A stream is open until its prediction ends, and a `Prefer: wait` may be as long. */
const requestTimeoutSeconds = 90

/** Every phase and every check but one; throws what schemathesis says where it finds something. */
const check = async (apiUrl: string, options: readonly string[] = []): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'idem-schemathesis-'))
  const args = [
    ...['-m', 'schemathesis.cli', 'run', `${apiUrl}/openapi.json`, '--checks', 'all', '--no-color'],
    // The coverage phase finds no body for the bounded schemas, sends `0` as one that fits, and would be told that it does not.
    ...['--exclude-checks', 'positive_data_acceptance'],
    ...['--phases', 'examples,coverage,fuzzing,stateful', '--max-examples', `${maxExamples}`],
    ...['--request-timeout', `${requestTimeoutSeconds}`, '--generation-database', 'none', '--seed', seed, ...options],
  ]
  const child = spawn(python!.path, args, {
    cwd: folder,
    // Its boxes need UTF-8.
    env: { ...process.env, ...python!.env, NO_PROXY: '*', PYTHONUTF8: '1', PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [report, problems, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  await rm(folder, { recursive: true, force: true })
  if (code !== 0) throw new Error(`schemathesis exited with ${code}\n${problems}\n${report}`)
  return report
}

/** Of such a report: how many operations and cases there were. */
const countsIn = (report: string) => ({
  operations: /Tested: (\d+)/.exec(report)?.[1],
  selected: /Selected: (\d+)/.exec(report)?.[1],
  passed: Number(/(\d+) generated, (\d+) passed/.exec(report)?.[2]),
})

describe.skipIf(!python)('schemathesis, which reads the OpenAPI document and tries what it says', () => {
  it.each([
    ['of a machine of one user', []],
    ['that asks for tokens', ['acme']],
  ])('finds nothing wrong with an API %s', { timeout: 1_200_000 }, async (_, tenants) => {
    // It makes up addresses.
    const stack = await startTestStack({ tenants, env: { IDEM_ALLOW_PRIVATE_NETWORK: '' } })
    try {
      const headers = tenants.flatMap((tenant) => ['--header', `Authorization: Bearer ${stack.tokens[tenant]}`])
      const { operations, selected, passed } = countsIn(await check(stack.apiUrl, headers))
      expect(operations).toBe(selected)
      expect(passed).toBeGreaterThan(400)
    } finally {
      await stack.stop()
    }
  })
})
