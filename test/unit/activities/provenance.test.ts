import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { readChunks, writeChunks } from '../../../activities/shared/png-chunks.ts'
import {
  DIGITAL_SOURCE_TYPE,
  markImage,
  readProvenance,
  writeProvenance,
} from '../../../activities/shared/provenance.ts'

const provenance = {
  software: 'idem 0.1.0',
  model: 'idem/arc2face',
  bundleSha256: 'ab'.repeat(32),
  seed: 4_294_967_295,
  predictionId: 'p7k2',
}

const photo = sharp('samples/female_0.jpg').resize(64)
const plain = await photo.clone().png().toBuffer()
/** What must not pass through: a camera's name, a place, a profile. */
const exif = { IFD0: { Make: 'Camera-4711', Artist: 'Jane' } }
const tainted = await photo.clone().withExif(exif).withIccProfile('p3').png().toBuffer()
const pixels = (png: Uint8Array) => sharp(png).raw().toBuffer()

describe('the provenance of an image', () => {
  it('is read back from the finished bytes, and leaves the pixels as they were', async () => {
    const marked = markImage(plain, provenance)
    expect(readProvenance(marked)).toEqual(provenance)
    expect(Buffer.compare(await pixels(marked), await pixels(plain))).toBe(0)
  })

  it('is written as the same bytes in every version, so that a replay repeats a file', () => {
    const marked = markImage(readFileSync('test/golden/demo/male_26.png'), provenance)
    expect(createHash('sha256').update(marked).digest('hex')).toBe(
      'd1c6a06b0015cff6817b9133837f38551fff77e5bd3912a49e84dc003968abb5',
    )
  })

  it('is found by a reader of metadata that is not ours', async () => {
    const { xmp } = await sharp(markImage(plain, provenance)).metadata()
    expect(xmp?.toString()).toContain(`Iptc4xmpExt:DigitalSourceType="${DIGITAL_SOURCE_TYPE}"`)
  })

  it('is what exiftool says, where it is installed', async (context) => {
    const run = promisify(execFile)
    const installed = await run('exiftool', ['-ver']).catch(() => undefined)
    if (!installed) return context.skip('exiftool is not installed')
    const folder = await mkdtemp(join(tmpdir(), 'idem-provenance-'))
    await writeFile(join(folder, 'x.png'), markImage(tainted, provenance))
    const { stdout } = await run('exiftool', ['-j', '-n', '-warning', '-all', join(folder, 'x.png')])
    await rm(folder, { recursive: true })
    const [tags] = JSON.parse(stdout)
    expect(tags).toMatchObject({ CreatorTool: 'idem 0.1.0', DigitalSourceType: DIGITAL_SOURCE_TYPE })
    expect(tags).not.toHaveProperty('Warning')
    expect(stdout).not.toMatch(/Camera-4711|Jane|Profile/)
  })

  it('takes the place of all other metadata, and of an older mark', async () => {
    expect(Buffer.from(tainted).includes('Camera-4711')).toBe(true)
    expect(() => readProvenance(tainted)).toThrow('has no provenance')
    const marked = markImage(markImage(tainted, { ...provenance, seed: 1 }), provenance)
    expect(readProvenance(marked).seed).toBe(provenance.seed)
    const { exif, icc } = await sharp(marked).metadata()
    expect({ exif, icc }).toEqual({ exif: undefined, icc: undefined })
    expect(Buffer.from(marked).includes('Camera-4711')).toBe(false)
  })

  it('holds any text', () => {
    const odd = { ...provenance, model: `<a & "b'>&amp; é 人 ]]>`, predictionId: '007' }
    expect(readProvenance(markImage(plain, odd))).toEqual(odd)
  })

  it('is missed where it was removed, or where metadata came back', async () => {
    const marked = markImage(plain, provenance)
    const reencoded = await sharp(marked).png().toBuffer()
    expect(() => readProvenance(reencoded)).toThrow('has no provenance')
    const chunks = readChunks(marked)
    const comment = { type: 'tEXt', data: Buffer.from('Comment\0Jane') }
    const commented = writeChunks([...chunks.slice(0, -1), comment, chunks.at(-1)!])
    expect(() => readProvenance(commented)).toThrow('other metadata: tEXt')
  })

  it('is refused where it does not say that a model made the image', () => {
    const chunks = readChunks(markImage(plain, provenance)).map(({ type, data }) =>
      type === 'iTXt'
        ? { type, data: Buffer.from(Buffer.from(data).toString().replace('trainedAlgorithmicMedia', 'digitalCapture')) }
        : { type, data },
    )
    expect(() => readProvenance(writeChunks(chunks))).toThrow('does not state that a model made it')
  })

  it('is not read from a damaged PNG', () => {
    const marked = markImage(plain, provenance)
    const changed = new Uint8Array(marked)
    changed[Buffer.from(marked).indexOf('idem/arc2face')]! ^= 1
    expect(() => readProvenance(changed)).toThrow('has a wrong checksum: "iTXt"')
    expect(() => readProvenance(marked.subarray(0, -5))).toThrow('truncated')
    expect(() => writeProvenance(Buffer.from('GIF89a.......'), provenance)).toThrow('Not a PNG')
    expect(() => readProvenance(new Uint8Array())).toThrow('Not a PNG')
  })

  it('refuses to mark what XML would not give back', () => {
    expect(() => markImage(plain, { ...provenance, model: 'a\nb' })).toThrow('control character')
    expect(() => markImage(plain, { ...provenance, software: '' })).toThrow('xmp:CreatorTool')
  })
})
