import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodePhoto } from '../../../inference/photos/decode.ts'
import { runScript } from '../../support/run-process.ts'

const run = (...args: string[]) => runScript('cli/faces.ts', args)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faces-'))
  await copyFile('samples/male_26.jpg', join(folder, 'b.jpg'))
  await writeFile(join(folder, 'a.jpg'), (await readFile('samples/male_32.jpg')).subarray(0, 5000))
  await writeFile(join(folder, 'notes.txt'), 'no photo')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('npm run faces', () => {
  it('gives one JSON line a photo of a folder, an error for the unreadable one, and goes on', async () => {
    const drawn = join(folder, 'drawn')
    const { code, stdout, stderr } = await run(folder, '--json', '--draw', drawn)
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toHaveLength(2)
    expect(lines[0]).toEqual({
      file: join(folder, 'a.jpg'),
      error: { type: 'photo_unreadable', message: expect.any(String) },
    })
    expect(lines[1]).toMatchObject({ file: join(folder, 'b.jpg'), width: 1024, height: 1024 })
    const [face] = lines[1].faces
    expect(Object.keys(face)).toEqual(['bbox', 'kps', 'score', 'embedding'])
    expect([face.bbox.length, face.kps.length, face.kps[0].length, face.embedding.length]).toEqual([4, 5, 2, 512])
    expect(Math.hypot(...face.embedding)).toBeCloseTo(1, 5)
    expect(code).toBe(1)
    expect(stderr).toBe('')
    const picture = await decodePhoto(await readFile(join(drawn, 'b.jpg.png')))
    const photo = await decodePhoto(await readFile(join(folder, 'b.jpg')))
    expect([picture.width, picture.height]).toEqual([photo.width, photo.height])
    expect(Buffer.compare(picture.data, photo.data)).not.toBe(0)
  })

  it('takes another detector', async () => {
    const detector = ['--detector', 'scrfd', '--detector-model', 'test/fixtures/scrfd/scrfd_500m_bnkps.onnx']
    const { code, stdout } = await run('samples/male_26.jpg', '--json', ...detector)
    const golden = JSON.parse(await readFile('test/golden/faces/faces.json', 'utf8'))['male_26.jpg'].scrfd_500m
    expect(code).toBe(0)
    JSON.parse(stdout).faces[0].bbox.forEach((value: number, i: number) => {
      expect(Math.abs(value - golden[0].bbox[i])).toBeLessThan(1)
    })
  })

  it.each([
    [['--bogus'], "Unknown option '--bogus'"],
    [[], 'Pass photos'],
    [['samples/male_26.jpg', '--detector', 'haar'], '--detector must be one of yunet, scrfd, not "haar"'],
    [['samples/male_26.jpg', '--detector', 'scrfd'], 'pass one with --detector-model'],
    [['samples/male_26.jpg', '--threads', 'many'], '--threads must be a whole number'],
    [['samples/male_26.jpg', '--detector-model', 'missing.onnx'], 'Cannot load the network missing.onnx'],
    [['samples/male_26.jpg', '--draw', '/dev/null/pictures'], '/dev/null/pictures'],
  ])('says in a line what is wrong with %j', async (args, message) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toContain(message)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe('')
    expect(code).toBeGreaterThan(0)
  })
})
