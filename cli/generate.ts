import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { z } from 'zod'
import { failures } from '../contracts/failures.ts'
import { imageRecordSchema } from '../contracts/image-record.ts'
import { limits } from '../contracts/limits.ts'
import type { Prediction } from '../contracts/prediction.ts'
import { schedulerNames } from '../contracts/schedulers.ts'
import { decodePhoto } from '../inference/photos/decode.ts'
import { encodePng } from '../inference/photos/encode.ts'
import { PhotoError } from '../inference/photos/photo-error.ts'
import { toDataUri } from '../lib/data-uri.ts'
import { CommandFailure, runCommand, UsageError } from '../lib/run-command.ts'
import { sha256Hex } from '../lib/sha256.ts'
import { ApiError, createApiClient, Unreachable } from './client/api-client.ts'
import { follow } from './client/follow.ts'
import { createProgress } from './client/progress.ts'
import { formatSimilarity, type GeneratedImage, saveOutputs, writeContactSheet } from './client/save.ts'
import { imageProtocols, showPng, terminalImages } from './client/terminal-image.ts'
import { readStartConfig } from './config.ts'
import { makeFolder } from './make-folder.ts'
import { choiceOption, numberOption } from './options.ts'
import { findRunning } from './stack/state.ts'

const help = `Generates new photos of the person in a photo, with a running API (npm start).

  npm run generate -- photo.jpg
  npm run generate -- photo.jpg -n 4 --seed 7 -o out/
  npm run generate -- --replay manifest.json

  -n, --num-images N   images to make (4)
  --seed N             image k is made from seed + k (random)
  --steps N            denoising steps (25)
  --guidance G         guidance scale (3.0)
  --scheduler NAME     ${schedulerNames.join(', ')}
  --min-similarity S   images with a lower similarity to the person are made again with other seeds
  --replay FILE        makes the images of an earlier prediction again, and compares their hashes; FILE is the
                       response of GET /v1/predictions/ID/manifest
  -o, --out DIR        folder for the images and contact-sheet.jpg (out/)
  --images HOW         how to show the images in the terminal: auto, iterm2, kitty, sixel, none (auto)
  --api URL            base URL of the API (default: the one running from .idem/)
  --token TOKEN        token for the API, if it requires one (IDEM_API_TOKEN)
  --json               print the prediction as JSON
  --help

Ctrl-C cancels the prediction. Exit codes: 0 succeeded, 1 failed, 2 wrong usage, 3 no face in the photo, 4 refused by
the API, 5 the API cannot be reached, 130 canceled.`

const exitCodes = { failed: 1, noFace: 3, refused: 4, unreachable: 5, canceled: 130 }

const replaySchema = imageRecordSchema.pick({ manifest: true, prediction: true, images: true })
type ReplayRecord = z.infer<typeof replaySchema>

const readImageRecord = async (file: string): Promise<ReplayRecord> => {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new UsageError(`Cannot read ${file}: ${(cause as Error).message}`)
  })
  try {
    return replaySchema.parse(JSON.parse(text))
  } catch {
    throw new UsageError(`${file} is not a response of GET /v1/predictions/ID/manifest`)
  }
}

const readPhoto = async (file: string) => {
  const bytes = await readFile(file).catch((cause) => {
    throw new UsageError(`Cannot read ${file}: ${(cause as Error).message}`)
  })
  try {
    return { bytes, image: await decodePhoto(bytes) }
  } catch (error) {
    if (error instanceof PhotoError) throw new UsageError(`${file}: ${error.message}`)
    throw error
  }
}

/** Throws `CommandFailure` unless the images are identical to those of the record, byte for byte. */
const compare = async ({ images }: ReplayRecord, made: readonly GeneratedImage[]): Promise<void> => {
  const hashes = await Promise.all(made.map(async ({ file }) => sha256Hex(await readFile(file))))
  const same = images.filter(({ sha256 }, index) => sha256 === hashes[index]).length
  if (same !== images.length || made.length !== images.length) {
    throw new CommandFailure(exitCodes.failed, `Only ${same} of ${images.length} images are identical`)
  }
  console.error(`all ${same} images are identical`)
}

const checkEnd = ({ status, error, metrics }: Prediction): void => {
  if (status === 'succeeded') return
  const { type } = (metrics.failure ?? {}) as { type?: string }
  if (status === 'canceled') throw new CommandFailure(exitCodes.canceled, error ?? 'Canceled')
  throw new CommandFailure(
    type === failures.noFace ? exitCodes.noFace : exitCodes.failed,
    error ?? 'The prediction failed',
  )
}

await runCommand(help, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'num-images': { type: 'string', short: 'n' },
      seed: { type: 'string' },
      steps: { type: 'string' },
      guidance: { type: 'string' },
      scheduler: { type: 'string' },
      'min-similarity': { type: 'string' },
      replay: { type: 'string' },
      out: { type: 'string', short: 'o', default: 'out' },
      images: { type: 'string', default: 'auto' },
      api: { type: 'string' },
      token: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const [file, ...more] = positionals
  if (more.length > 0 || (file === undefined) === (values.replay === undefined)) {
    throw new UsageError('Pass one photo, or --replay FILE')
  }
  const images = choiceOption('--images', values.images, ['auto', 'none', ...imageProtocols])
  const replayed = values.replay === undefined ? undefined : await readImageRecord(values.replay)
  const photo = file === undefined ? undefined : await readPhoto(file)
  const input = replayed
    ? { replay_of: replayed.prediction }
    : {
        input_image: toDataUri('application/octet-stream', photo!.bytes),
        num_images: numberOption('--num-images', values['num-images'], { integer: true, min: 1, max: limits.images }),
        seed: numberOption('--seed', values.seed, { integer: true, min: 0, max: Number.MAX_SAFE_INTEGER }),
        num_steps: numberOption('--steps', values.steps, { integer: true, min: 1, max: limits.steps }),
        guidance_scale: numberOption('--guidance', values.guidance, { min: 0, max: limits.guidanceScale }),
        scheduler: values.scheduler,
        min_similarity: numberOption('--min-similarity', values['min-similarity'], { min: -1, max: 1 }),
      }
  const config = readStartConfig()
  const apiUrl = values.api ?? (await findRunning(config.stateDir))?.apiUrl ?? `http://${config.host}:${config.port}`
  const client = createApiClient(apiUrl.replace(/\/+$/, ''), values.token ?? config.apiToken)

  await makeFolder('--out', values.out)
  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort())
  try {
    const started = await client.create(input)
    const progress = createProgress(process.stderr)
    const prediction = await follow(client, started, progress.show, controller.signal).finally(progress.stop)
    if (values.json) console.log(JSON.stringify(prediction))
    checkEnd(prediction)
    const generated = await saveOutputs(client, prediction, values.out)
    const sheet = join(values.out, 'contact-sheet.jpg')
    await writeContactSheet(sheet, photo ? [{ image: photo.image, caption: ['the photo'] }] : [], generated)
    if (!values.json) {
      for (const { file: path, seed, similarity } of generated) {
        console.log(`${path}  seed ${seed}  ${formatSimilarity(similarity)}`)
      }
      console.log(sheet)
      const protocol = images === 'auto' ? terminalImages(process.stdout, config.env) : images
      if (protocol && protocol !== 'none') {
        process.stdout.write(await showPng(protocol, await encodePng(await decodePhoto(await readFile(sheet)))))
      }
    }
    if (replayed) await compare(replayed, generated)
  } catch (error) {
    if (error instanceof Unreachable) throw new CommandFailure(exitCodes.unreachable, error.message)
    if (error instanceof ApiError) throw new CommandFailure(exitCodes.refused, error.message)
    throw error
  }
})
