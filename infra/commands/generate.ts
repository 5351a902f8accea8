import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { decodePhoto } from '../../inference/image.ts'
import { createApiClient } from '../client/api-client.ts'
import { follow } from '../client/follow.ts'
import { createProgress } from '../client/progress.ts'
import { formatSimilarity, saveOutputs, writeContactSheet } from '../client/save.ts'
import { readStartConfig } from '../config.ts'
import { findRunning } from '../stack/state.ts'
import { numberOption, runCommand, UsageError } from './command.ts'

const help = `Makes new photos of the person in a photo, through a running API (npm start).

  npm run generate -- photo.jpg
  npm run generate -- photo.jpg -n 4 --seed 7 -o out/

  -n, --num-images N   images to make (4)
  --seed N             image k is made from seed + k; random where absent
  --steps N            denoising steps (25)
  --guidance G         guidance scale (3.0)
  -o, --out DIR        where images and contact-sheet.jpg go (out/)
  --api URL            base of the API; the one running from .idem/ where absent
  --json               print the prediction as JSON
  --help

Ctrl-C cancels the prediction. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 canceled.`

await runCommand(help, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'num-images': { type: 'string', short: 'n' },
      seed: { type: 'string' },
      steps: { type: 'string' },
      guidance: { type: 'string' },
      out: { type: 'string', short: 'o', default: 'out' },
      api: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const [file, ...more] = positionals
  if (!file || more.length > 0) throw new UsageError('Give one photo')
  const bytes = await readFile(file).catch((cause) => {
    throw new Error(`Cannot read ${file}`, { cause })
  })
  const photo = await decodePhoto(bytes)
  const config = readStartConfig()
  const apiUrl = values.api ?? (await findRunning(config.stateDir))?.apiUrl ?? `http://${config.host}:${config.port}`
  const client = createApiClient(apiUrl.replace(/\/+$/, ''))

  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort())
  const started = await client.create({
    input_image: `data:application/octet-stream;base64,${bytes.toString('base64')}`,
    num_images: numberOption('--num-images', values['num-images'], { integer: true, min: 1, max: 16 }),
    seed: numberOption('--seed', values.seed, { integer: true, min: 0, max: Number.MAX_SAFE_INTEGER }),
    num_steps: numberOption('--steps', values.steps, { integer: true, min: 1, max: 100 }),
    guidance_scale: numberOption('--guidance', values.guidance, { min: 0, max: 20 }),
  })
  const progress = createProgress(process.stderr)
  const prediction = await follow(client, started, progress.show, controller.signal).finally(progress.stop)
  if (values.json) console.log(JSON.stringify(prediction))
  if (prediction.status === 'canceled') {
    console.error('canceled')
    process.exitCode = 130
    return
  }
  if (prediction.status !== 'succeeded') throw new Error(prediction.error ?? 'The prediction failed')
  const generated = await saveOutputs(client, prediction, values.out)
  const sheet = join(values.out, 'contact-sheet.jpg')
  await writeContactSheet(sheet, [{ image: photo, caption: ['the photo'] }], generated)
  if (values.json) return
  for (const { file: path, seed, similarity } of generated)
    console.log(`${path}  seed ${seed}  ${formatSimilarity(similarity)}`)
  console.log(sheet)
})
