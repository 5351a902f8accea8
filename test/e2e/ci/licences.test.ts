import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runScript } from '../../support/run-process.ts'

const script = resolve('.ci/licences.ts')
const run = (cwd: string, ...args: string[]) => runScript(script, args, { cwd })

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idem-licences-'))
  await mkdir(join(folder, 'docs'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const lock = (packages: Record<string, object>) =>
  writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': { name: 'x' }, ...packages } }))
const manifest = async (name: string, content: object) => {
  await mkdir(join(folder, 'node_modules', name), { recursive: true })
  await writeFile(join(folder, 'node_modules', name, 'package.json'), JSON.stringify(content))
}
const rows = async () =>
  (await readFile(join(folder, 'docs/licences.md'), 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)

describe('the list of licences', () => {
  it('of this project is up to date, and nothing in it is refused', async () => {
    const { code, stdout, stderr } = await run('.')
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^The licences of \d{3} packages are in order$/m)
    expect(code).toBe(0)
  })

  it('has a line for each name and version that production may install, on any platform', async () => {
    await lock({
      'node_modules/b': { version: '1.0.0', license: 'MIT' },
      'node_modules/@a/b': { version: '2.0.0', license: 'ISC', optional: true, os: ['win32'] },
      'node_modules/c/node_modules/b': { version: '1.0.0', license: 'MIT' },
      'node_modules/d/node_modules/b': { version: '1.1.0', license: '(GPL-3.0 OR MIT)' },
      'node_modules/alias': { name: 'real', version: '3.0.0', license: 'MIT AND Apache-2.0' },
      'node_modules/old': { version: '4.0.0' },
      'node_modules/tool': { version: '5.0.0', license: 'GPL-3.0', dev: true },
    })
    await manifest('old', { license: 'BSD-3-Clause' })
    expect(await run(folder, '--write')).toMatchObject({ code: 0, stderr: '' })
    expect(await rows()).toEqual([
      '| @a/b | 2.0.0 | ISC |',
      '| b | 1.0.0 | MIT |',
      '| b | 1.1.0 | (GPL-3.0 OR MIT) |',
      '| old | 4.0.0 | BSD-3-Clause |',
      '| real | 3.0.0 | MIT AND Apache-2.0 |',
    ])
    expect((await run(folder)).code).toBe(0)
  })

  it('fails where it is missing or a package has changed', async () => {
    await lock({ 'node_modules/b': { version: '1.0.0', license: 'MIT' } })
    expect(await run(folder)).toMatchObject({ code: 1, stderr: expect.stringContaining('is out of date') })
    await run(folder, '--write')
    await lock({ 'node_modules/b': { version: '1.0.1', license: 'MIT' } })
    expect(await run(folder)).toMatchObject({ code: 1, stderr: expect.stringContaining('is out of date') })
  })

  it.each([
    ['left', 'GPL-3.0'],
    ['left', 'MIT AND GPL-3.0'],
    ['left', 'MIT AND (GPL-3.0 OR MIT OR ISC)'],
    ['left', 'LGPL-3.0'],
    ['left', 'SEE LICENSE IN README.md'],
    ['left', undefined],
    ['libheif-js', 'AGPL-3.0'],
  ])('refuses %s under %s, written down or not', async (name, license) => {
    await lock({ [`node_modules/${name}`]: { version: '1.0.0', license } })
    const refused = {
      code: 1,
      stderr: expect.stringContaining(`${name} 1.0.0: the licence ${license ?? 'none'} is not`),
    }
    expect(await run(folder, '--write')).toMatchObject(refused)
    expect(await run(folder)).toMatchObject(refused)
  })

  it('reads the LICENSE of a package that names none, and notices another one', async () => {
    await lock({ 'node_modules/unionfs': { version: '4.0.0' } })
    await manifest('unionfs', {})
    const path = join(folder, 'node_modules/unionfs/LICENSE')
    await writeFile(path, 'This is free and unencumbered software released into the public domain.')
    expect((await run(folder, '--write')).code).toBe(0)
    expect(await rows()).toEqual(['| unionfs | 4.0.0 | Unlicense |'])
    await writeFile(path, 'All rights reserved.')
    expect(await run(folder)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The LICENSE of unionfs is not Unlicense any more'),
    })
  })
})
