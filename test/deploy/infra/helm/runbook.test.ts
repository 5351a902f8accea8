import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { parse } from 'yaml'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../../../..')
const text = readFileSync(join(root, 'docs/kubernetes.md'), 'utf8')

/** The commands in the code blocks, one a line. */
const commands = [...text.matchAll(/^ *```\n([\s\S]*?)^ *```$/gm)]
  .flatMap(([, block]) => block!.replaceAll(/\\\n/g, ' ').split('\n'))
  .map((line) => line.trim())
  .filter(Boolean)
const startingWith = (program: string) => commands.filter((command) => command.startsWith(`${program} `))
const longFlags = (command: string) => [...command.matchAll(/\s(--[a-z][a-z-]*)/g)].map(([, flag]) => flag!)

describe('docs/kubernetes.md', () => {
  it('holds the commands to ramp a build and to roll it back', () => {
    for (const verb of ['set-ramping-version', 'set-current-version', 'describe', 'describe-version']) {
      expect(startingWith('temporal').join('\n')).toContain(`temporal worker deployment ${verb} `)
    }
  })

  it.each(startingWith('temporal'))('has a command that the Temporal CLI knows: %s', async (command) => {
    const words = command.split(/\s+/).slice(1)
    const verbs = words.slice(
      0,
      words.findIndex((word) => word.startsWith('-')),
    )
    const { stdout } = await run(inject('temporalCli'), [...verbs, '--help'])
    expect(stdout).toContain(`temporal ${verbs.join(' ')} [flags]`)
    const flags = longFlags(command)
    expect(flags.length).toBeGreaterThan(0)
    for (const flag of flags) expect(stdout).toMatch(new RegExp(`^ .*${flag}\\b`, 'm'))
  })

  it('sets values that the chart has', () => {
    const values: unknown = parse(readFileSync(join(root, 'infra/helm/values.yaml'), 'utf8'))
    const set = startingWith('helm').flatMap((command) => [
      ...command.matchAll(/--set(?:-string)? '?([A-Za-z.]+)(\[0\]\.[A-Za-z]+)?=/g),
    ])
    expect(set.length).toBeGreaterThan(5)
    for (const [, path] of set) {
      const found = path!
        .split('.')
        .reduce((node, name) => (node as Record<string, unknown> | undefined)?.[name], values)
      expect(found, path).not.toBeUndefined()
    }
  })

  it('names files that there are', async () => {
    const files = [...text.matchAll(/(?:infra|test)\/[\w./-]*\w/g)].map(([file]) => file)
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect(await stat(join(root, file)).catch(() => undefined), file).toBeDefined()
  })
})
