import { readFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { hashRequest } from '../api/request-hash.ts'
import { numberOption } from '../cli/options.ts'
import { pixelBuffers } from '../inference/engine/pixel-buffers.ts'
import { startThread } from '../inference/engine/thread.ts'
import type { RgbImage } from '../inference/numeric/image.ts'
import { resizeBilinear } from '../inference/numeric/resize.ts'
import { decodePhoto, decodeStored } from '../inference/photos/decode.ts'
import { encodePng } from '../inference/photos/encode.ts'
import { fromBinaryString } from '../lib/base64.ts'
import { runCommand } from '../lib/run-command.ts'
import { sha256Hex } from '../lib/sha256.ts'
import { median } from './statistics.ts'

const help = `Compares ways to pass photos, images and requests on, each pair in turn in one run.

  node --import tsx bench/data-path.ts

  --photo FILE     scaled to 3000x4000 pixels; default samples/male_26.jpg
  --rounds N       default 7
  --help`

/** Runs `work` on what `prepare` makes, which is not timed. */
interface Way<T> {
  name: string
  prepare?: () => T
  work: (prepared: T) => unknown
}

const way = <T = undefined>(name: string, work: (prepared: T) => unknown, prepare?: () => T): Way<never> =>
  ({ name, work, ...(prepare && { prepare }) }) as Way<never>

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      photo: { type: 'string', default: 'samples/male_26.jpg' },
      rounds: { type: 'string', default: '7' },
    },
  })
  const rounds = numberOption('--rounds', values.rounds, { integer: true, min: 1, max: 1000 })!

  const photo = resizeBilinear(await decodePhoto(await readFile(values.photo)), 3000, 4000)
  const copyOf = (image: RgbImage): RgbImage => ({ ...image, data: image.data.slice() })
  const thread = startThread(new URL('./data-path-thread.ts', import.meta.url), undefined)
  const image = await encodePng(resizeBilinear(photo, 512, 512))
  const base64 = 'QUJD'.repeat(7e6)
  const binary = 'ABC'.repeat(7e6)
  const body = JSON.parse(JSON.stringify({ input: { input_image: `data:image/jpeg;base64,${base64}` } }))

  const compare = async (what: string, before: Way<never>, after: Way<never>) => {
    const ways = [before, after].map((one) => ({ ...one, times: [] as number[] }))
    for (let round = 0; round <= rounds; round++) {
      for (const { work, prepare, times } of ways) {
        const prepared = prepare?.() as never
        const startedAt = performance.now()
        await work(prepared)
        // The first round warms up.
        if (round > 0) times.push(performance.now() - startedAt)
      }
    }
    const [a, b] = ways.map(({ name, times }) => ({ way: name, medianMs: median(times) }))
    const ratio = a!.medianMs / b!.medianMs
    console.log(JSON.stringify({ what, before: a, after: b, ratio, load: loadavg()[0] }))
  }

  try {
    await compare(
      'a photo of 12 megapixels to a thread',
      way(
        'copied twice, for finding and for aligning',
        async (sent: RgbImage) => {
          await thread.call('bytes', sent)
          await thread.call('bytes', sent)
        },
        () => copyOf(photo),
      ),
      way(
        'moved once',
        (sent: RgbImage) => thread.call('bytes', sent, { transfer: pixelBuffers([sent]) }),
        () => copyOf(photo),
      ),
    )
    await compare(
      'storing that photo',
      way('PNG at level 6', () => encodePng(photo)),
      way('PNG at level 1', () => encodePng(photo, { compressionLevel: 1 })),
    )
    const sizes = await Promise.all(
      [6, 1].map(async (level) => (await encodePng(photo, { compressionLevel: level })).length),
    )
    console.log(JSON.stringify({ what: 'bytes of that photo', level6: sizes[0], level1: sizes[1] }))
    const hashPixels = async () => sha256Hex((await decodeStored(image)).data)
    await compare(
      'hashing the pixels of a 512 px image that is compared with the person',
      way('decoded for comparing and again for publishing', async () => {
        await decodeStored(image)
        await hashPixels()
      }),
      way('decoded once', hashPixels),
    )
    await compare(
      'hashing a request of 28 MB',
      way('serialised again', () => sha256Hex(new TextEncoder().encode(JSON.stringify(['idem/arc2face', body])))),
      way('long strings by themselves', () => hashRequest('idem/arc2face', body)),
    )
    await compare(
      'the bytes of 28 MB of base64, from the string that atob returns',
      way('Uint8Array.from with a mapping', () => Uint8Array.from(binary, (char) => char.charCodeAt(0))),
      way('fromBinaryString', () => fromBinaryString(binary)),
    )
  } finally {
    await thread.close()
  }
})
