import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { showPng, terminalImages } from '../../cli/client/terminal-image.ts'
import { encodePng } from '../../inference/photos/encode.ts'
import { eventually } from '../support/eventually.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'

let stack: TestStack
let folder: string
const children = new Set<ChildProcess>()

const start = (command: string, args: string[], env: NodeJS.ProcessEnv = {}) => {
  const child = spawn(process.execPath, ['--import', 'tsx', `cli/${command}.ts`, ...args], {
    env: { ...process.env, IDEM_STATE: stack.stateDir, IDEM_API_TOKEN: stack.tokens.acme!, ...env },
  })
  children.add(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += chunk))
  child.stderr.on('data', (chunk) => (output.stderr += chunk))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, ...output }))
  return { child, output, ended }
}
const run = (command: string, args: string[], env: NodeJS.ProcessEnv = {}) => start(command, args, env).ended
const generate = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  run('generate', ['-o', join(folder, 'out'), ...args], env)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idem-generate-'))
  stack = await startTestStack({ tenants: ['acme'] })
})
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  await stack?.stop()
  await rm(folder, { recursive: true, force: true })
})

const photo = 'samples/male_26.jpg'

describe('generate', () => {
  it('saves images and a contact sheet, and makes the same bytes again from a manifest', async () => {
    const made = await generate([photo, '-n', '2', '--seed', '7', '--steps', '3'])
    expect([made.code, made.stdout]).toEqual([
      0,
      expect.stringMatching(/-0\.png {2}seed 7 {2}.*\n.*seed 8.*\n.*contact-sheet\.jpg\n$/s),
    ])
    expect(made.stderr).toContain('Finding the face')
    const [image = ''] = (await readdir(join(folder, 'out'))).filter((name) => name.endsWith('-0.png'))
    const response = await fetch(`${stack.apiUrl}/v1/predictions/${image.slice(0, 26)}/manifest`, {
      headers: { authorization: `Bearer ${stack.tokens.acme}` },
    })
    const file = join(folder, 'manifest.json')
    await writeFile(file, await response.text())
    const again = await run('generate', ['--replay', file, '-o', join(folder, 'again')])
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('all 2 images are identical')])
    const [copy = ''] = (await readdir(join(folder, 'again'))).filter((name) => name.endsWith('-0.png'))
    expect(copy).not.toBe(image)
    expect(await readFile(join(folder, 'again', copy))).toEqual(await readFile(join(folder, 'out', image)))
  })

  it('says with its exit code what happened', async () => {
    const blank = join(folder, 'blank.png')
    await writeFile(blank, await encodePng({ data: new Uint8Array(96 * 96 * 3), width: 96, height: 96 }))
    const text = join(folder, 'text.jpg')
    await writeFile(text, 'no photo')
    const [noFace, refused, stranger, unreachable, unreadable, missing, usage] = await Promise.all([
      generate([blank]),
      generate([photo, '--scheduler', 'magic']),
      generate([photo], { IDEM_API_TOKEN: 'idem_wrong' }),
      generate([photo, '--api', 'http://127.0.0.1:1']),
      generate([text]),
      generate([join(folder, 'none.jpg')]),
      generate([photo, '-n', '99']),
    ])
    expect([noFace, refused, stranger, unreachable, unreadable, missing, usage].map(({ code }) => code)).toEqual([
      3, 4, 4, 5, 2, 2, 2,
    ])
    expect(noFace.stderr).toContain('No face')
    expect(refused.stderr).toContain('scheduler')
    expect(unreachable.stderr).toContain('Is it running?')
    for (const { stderr } of [noFace, refused, unreachable, unreadable, missing, usage])
      expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('prints the prediction for scripts', async () => {
    const { code, stdout } = await generate([photo, '-n', '1', '--steps', '2', '--json'])
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { status: 'succeeded', metrics: { seeds: [expect.any(Number)] } },
    ])
  })

  it('cancels the prediction at Ctrl-C', async () => {
    const { child, output, ended } = start('generate', [photo, '-n', '8', '--steps', '100', '-o', join(folder, 'none')])
    await eventually(() => expect(output.stderr).toContain('step'))
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    // The list follows a little later.
    await eventually(async () => {
      const list = await fetch(`${stack.apiUrl}/v1/predictions?limit=1`, {
        headers: { authorization: `Bearer ${stack.tokens.acme}` },
      })
      expect(await list.json()).toMatchObject({ results: [{ status: 'canceled' }] })
    })
  })
})

describe('tokens', () => {
  it('are made, listed and revoked', async () => {
    const file = join(folder, 'tokens.json')
    const made = await run('tokens', ['create', '--tenant', 'late', '--note', 'a test', '--file', file])
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^idem_[0-9a-z]{52}\n$/)])
    const list = await run('tokens', ['list', '--file', file])
    expect(list.stdout).toMatch(/^[0-9a-f]{12} {2}late {2}\S+ {2}a test\n$/)
    expect((await run('tokens', ['revoke', list.stdout.slice(0, 12), '--file', file])).code).toBe(0)
    expect(await run('tokens', ['list', '--file', file, '--json'])).toMatchObject({ code: 0, stdout: '[]\n' })
    // Made at once, none is lost.
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((tenant) => run('tokens', ['create', '--tenant', tenant, '--file', file])),
    )
    expect((await run('tokens', ['list', '--file', file])).stdout.trim().split('\n')).toHaveLength(4)
  })

  it.each([
    ['create'],
    ['create', '--tenant', 'Not A Tenant'],
    ['create', '--tenant', 'a', '--operator'],
    ['revoke'],
    ['revoke', 'nothing'],
    ['steal'],
  ])('are refused as %s %s %s', async (...args) => {
    const { code, stderr } = await run('tokens', [...args, '--file', join(folder, 'none.json')])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: .*\nSee --help\.\n$/s)])
  })
})

describe('pictures in a terminal', () => {
  const terminal = { isTTY: true }

  it.each([
    [{ TERM_PROGRAM: 'iTerm.app' }, 'iterm2'],
    [{ TERM: 'xterm-kitty' }, 'kitty'],
    [{ TERM: 'foot' }, 'sixel'],
    [{ TERM: 'xterm-256color' }, undefined],
    [{ TERM: 'xterm-kitty', NO_COLOR: '1' }, undefined],
  ])('are shown as %j can', (env, protocol) => {
    expect(terminalImages(terminal, env)).toBe(protocol)
    expect(terminalImages({}, env)).toBeUndefined()
  })

  it('are written as each protocol wants them', async () => {
    const png = await encodePng({
      data: new Uint8Array(40 * 40 * 3).map((_, i) => (i * 37) % 251),
      width: 40,
      height: 40,
    })
    const base64 = Buffer.from(png).toString('base64')
    expect(await showPng('iterm2', png)).toBe(
      `\x1b]1337;File=inline=1;size=${png.length};width=60;preserveAspectRatio=1:${base64}\x07\n`,
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this is about.
    const chunks = [...(await showPng('kitty', png)).matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)]
    expect(chunks.map(([, , data]) => data).join('')).toBe(base64)
    expect(chunks.map(([, control]) => control!.endsWith('m=1'))).toEqual(chunks.map((_, k) => k < chunks.length - 1))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
    expect(await showPng('sixel', png)).toMatch(/^\x1bP[\d;]*q"1;1;40;40.*\x1b\\\n$/s)
  })
})
