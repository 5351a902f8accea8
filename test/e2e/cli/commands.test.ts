import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { runScript } from '../../support/run-process.ts'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
/** `npm run …` and what they start, where that is ours. */
const commands = Object.entries(scripts).flatMap(([name, script]) => {
  const file = /^node --import tsx ((?:cli|api)\/\S+)$/.exec(script)?.[1]
  return file ? [{ name, file }] : []
})

const run = (file: string, ...args: string[]) => runScript(file, args, { timeout: 240_000 })

describe('the manners of every command', () => {
  it('are those of all of them', () => {
    expect(commands.length).toBeGreaterThanOrEqual(11)
  })

  it.each(commands)(
    '$name explains itself with an example, and refuses what it does not know',
    async ({ name, file }) => {
      const [help, wrong] = await Promise.all([run(file, '--help'), run(file, '--nonsense')])
      expect(help).toMatchObject({ code: 0, stderr: '' })
      expect(help.stdout).toMatch(new RegExp(`^  npm (run )?${name}\\b`, 'm'))
      expect(wrong).toMatchObject({ code: 2, stdout: '' })
      expect(wrong.stderr).toMatch(/^error: .*--nonsense/)
      expect(wrong.stderr.trim().split('\n').length).toBeLessThanOrEqual(2)
    },
  )
})

it('says what went wrong, and why, on standard error', async () => {
  vi.stubEnv('IDEM_MODELS', '/nowhere')
  const { code, stdout, stderr } = await run('api/node.ts')
  vi.unstubAllEnvs()
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^error: No model bundle at \/nowhere.*\n {2}because: ENOENT/)
})

describe('a folder that cannot be made', () => {
  it.each(['/proc/none/below', '/dev/null/below', 'package.json'])('is a mistake, told at once: %s', async (folder) => {
    const { code, stderr } = await run('cli/faces.ts', 'samples/male_26.jpg', '--draw', folder)
    expect(code).toBe(2)
    expect(stderr).toContain(`error: --draw`)
  })

  it('is told before anything is asked of the API', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'idem-out-'))
    await writeFile(join(folder, 'file'), '')
    // Nothing listens on port 1: had it asked, the exit code were another.
    const args = ['samples/male_26.jpg', '-o', join(folder, 'file'), '--api', 'http://127.0.0.1:1']
    expect((await run('cli/generate.ts', ...args)).code).toBe(2)
    await rm(folder, { recursive: true })
  })
})
