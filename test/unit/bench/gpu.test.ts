import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runProcess } from '../../support/run-process.ts'

// An interpreter that has what infra/export/requirements.txt lists.
const { EXPORT_PYTHON } = process.env

const run = (args: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
  runProcess('/bin/bash', ['bench/gpu.sh', ...args], { env, timeout: 240_000 })

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idem-gpu-test-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('bench/gpu.sh', () => {
  it('says in --help how it is used, and what it makes', async () => {
    const { code, stdout } = await run(['--help'])
    expect(code).toBe(0)
    const script = await readFile('bench/gpu.sh', 'utf8')
    const options = /^ {4}(--provider \|.*)\)$/m.exec(script)![1]!.split(' | ')
    expect(options.length).toBeGreaterThan(6)
    for (const option of [...options, '--tiny']) expect(stdout).toContain(option)
    expect(stdout).toContain('bench/gpu.md')
  })

  it.each([
    [['--fast'], 'there is no option --fast'],
    [['--steps'], '--steps takes a value'],
    [['--steps', '0'], '--steps takes a whole number from 1, not "0"'],
    [['--images', 'four'], '--images takes a whole number from 1, not "four"'],
    [['--provider', 'rocm'], '--provider is cuda or cpu, not "rocm"'],
    [['--tiny', '--checkpoint', 'x'], '--tiny and --checkpoint are two checkpoints'],
    [['--provider', 'cpu', '--checkpoint', '/none'], '--checkpoint: there is no folder /none'],
  ])('takes no %j', async (args, message) => {
    const { code, stderr } = await run(args)
    expect(stderr).toContain(`error: ${message}`)
    expect(code).toBe(2)
  })

  it('says that there is no card before it makes anything', async () => {
    // A PATH in which a driver's tool is not, whatever the machine has.
    await symlink('/usr/bin/dirname', join(folder, 'dirname'))
    const work = join(folder, 'work')
    const { code, stderr } = await run(['--work', work], { PATH: folder })
    expect(stderr).toContain('there is no NVIDIA card to be seen')
    expect(code).toBe(1)
    await expect(readFile(work)).rejects.toThrow('ENOENT')
  })

  it('says that a driver without a card is not enough', async () => {
    const tool = join(folder, 'nvidia-smi')
    await writeFile(tool, '#!/bin/sh\nexit 9\n')
    await chmod(tool, 0o755)
    const { code, stderr } = await run([], { ...process.env, PATH: `${folder}:${process.env.PATH}` })
    expect(stderr).toContain('nvidia-smi finds no NVIDIA card')
    expect(code).toBe(1)
  })

  it.skipIf(!EXPORT_PYTHON)('makes the same images as diffusers, of the tiny checkpoint on the CPU', async () => {
    const out = join(folder, 'gpu.md')
    const args = ['--provider', 'cpu', '--tiny', '--images', '2', '--steps', '4', '--repeats', '1']
    const { code, stderr } = await run([...args, '--python', EXPORT_PYTHON!, '--work', folder, '--out', out])
    expect(code, stderr).toBe(0)
    const page = await readFile(out, 'utf8')
    expect(page).toContain('2 images of 128x128, 4 steps')
    expect(page).toMatch(/^\| bundle, onnxruntime \S+, cpu \| \d+\.\d\d \|/m)
    expect(page).toMatch(/^\| diffusers \S+, PyTorch \S+, float32 \| \d+\.\d\d \|/m)
    expect(Number(/(\d+) at most/.exec(page)![1])).toBeLessThanOrEqual(2)
  })
})
