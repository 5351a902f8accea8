import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import type { Prediction } from '../contracts/prediction.ts'
import { loadBundle } from '../inference/bundle.ts'
import { createFaceEngine, type FaceEngine } from '../inference/engine/face-engine.ts'
import { faceModels } from '../inference/engine/face-models.ts'
import { cosine } from '../inference/numeric/identity.ts'
import { decodePhoto } from '../inference/photos/decode.ts'
import { toDataUri } from '../lib/data-uri.ts'
import { projectDir } from '../lib/project-dir.ts'
import { runCommand } from '../lib/run-command.ts'
import { readWorkerConfig } from '../worker/config.ts'
import { createApiClient } from './client/api-client.ts'
import { follow } from './client/follow.ts'
import { createProgress } from './client/progress.ts'
import { formatSimilarity, type GeneratedImage, saveOutputs, writeContactSheet } from './client/save.ts'
import { readStartConfig } from './config.ts'
import { startStack } from './stack/stack.ts'
import { findRunning } from './stack/state.ts'

const help = `Demonstrates Idem: starts everything on this machine, sends a bundled portrait to the API, and saves the images.

  npm run demo

Writes the images and contact-sheet.jpg to out/. If \`npm start\` is running, it is used.`

const seed = 7
const samplesDir = join(projectDir, 'samples')
const outDir = join(projectDir, 'out')

const listSamples = async (): Promise<string[]> =>
  (await readdir(samplesDir)).filter((name) => name.endsWith('.jpg')).sort()

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

/** Mean cosine of the generated faces to each sample portrait. */
const compareWithSamples = async (faces: FaceEngine, generated: readonly GeneratedImage[]) => {
  const vectors = (await Promise.all(generated.map(({ image }) => faces.identify(image)))).flatMap((face) =>
    face ? [face.embedding] : [],
  )
  const rows: { name: string; similarity: number }[] = []
  for (const name of await listSamples()) {
    const face = await faces.identify(await decodePhoto(await readFile(join(samplesDir, name))))
    if (face) rows.push({ name, similarity: mean(vectors.map((vector) => cosine(vector, face.embedding))) })
  }
  return rows
}

const printTimings = ({ metrics }: Prediction) => {
  const { timings, total_time } = metrics as { timings: Record<string, number>; total_time: number }
  console.log('\nTime of every step')
  for (const [name, seconds] of Object.entries(timings)) console.log(`  ${name.padEnd(16)}${seconds.toFixed(2)} s`)
  console.log(`  ${'in all'.padEnd(16)}${total_time.toFixed(2)} s`)
}

const demonstrate = async (apiUrl: string, faces: FaceEngine): Promise<void> => {
  const [name = ''] = await listSamples()
  const bytes = await readFile(join(samplesDir, name))
  const client = createApiClient(apiUrl)
  const started = await client.create({ input_image: toDataUri('image/jpeg', bytes), seed })
  console.log(`Portrait     samples/${name}`)
  console.log(`Prediction   ${started.id}`)
  console.log(`In the UI    ${started.urls.web}\n`)

  const progress = createProgress(process.stderr)
  const prediction = await follow(client, started, progress.show).finally(progress.stop)
  if (prediction.status !== 'succeeded') throw new Error(`The prediction ${prediction.status}: ${prediction.error}`)

  await rm(outDir, { recursive: true, force: true })
  await mkdir(outDir, { recursive: true })
  const generated = await saveOutputs(client, prediction, outDir)
  const portrait = await decodePhoto(bytes)
  const sheet = join(outDir, 'contact-sheet.jpg')
  const crop = (await faces.identify(portrait))?.crop
  await writeContactSheet(
    sheet,
    [
      { image: portrait, caption: [name, 'the portrait'] },
      ...(crop ? [{ image: crop, caption: ['aligned crop', `${crop.width} x ${crop.height} px`] }] : []),
    ],
    generated,
  )
  console.log('Images')
  for (const { file, seed: own, similarity } of generated) {
    console.log(`  ${relative(projectDir, file)}  seed ${own}  ${formatSimilarity(similarity)}`)
  }
  console.log(`  ${relative(projectDir, sheet)}`)

  const rows = await compareWithSamples(faces, generated)
  const others = rows.filter((row) => row.name !== name).map(({ similarity }) => similarity)
  const own = rows.find((row) => row.name === name)?.similarity ?? Number.NaN
  console.log('\nMean similarity of the images')
  console.log(`  to the person                        ${own.toFixed(2)}`)
  console.log(
    `  to the ${others.length} other sample portraits      ${mean(others).toFixed(2)} (at most ${Math.max(...others).toFixed(2)})`,
  )
  printTimings(prediction)
}

await runCommand(help, async () => {
  parseArgs({ options: {} })
  const config = readStartConfig()
  const running = await findRunning(config.stateDir)
  if (running?.apiUrl) console.log(`Using the running Idem (pid ${running.pid})`)
  else console.log('Starting Temporal, the API and the workers')
  const stack = running?.apiUrl ? undefined : await startStack(config, (line) => console.error(line))
  const faces = createFaceEngine({ models: faceModels(await loadBundle(readWorkerConfig().models)) })
  let stopping = false
  const stopOnSignal = () => {
    if (stopping) return
    stopping = true
    console.error('stopping')
    void (stack?.stop() ?? Promise.resolve()).then(() => process.exit(130))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stopOnSignal)
  try {
    console.log(`API          ${stack?.apiUrl ?? running?.apiUrl}`)
    console.log(`Temporal UI  ${stack?.uiUrl ?? running?.uiUrl}`)
    await demonstrate((stack?.apiUrl ?? running?.apiUrl)!, faces)
  } finally {
    await faces.close()
    await stack?.stop()
  }
  if (stack) console.log('\nEverything is stopped. `npm start` keeps it running; this run will be in its Temporal UI.')
})
