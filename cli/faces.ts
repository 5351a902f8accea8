import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { loadBundle } from '../inference/bundle.ts'
import { createFaceEngine, type FaceEngine } from '../inference/engine/face-engine.ts'
import type { FaceModels } from '../inference/engine/face-models.ts'
import { detectorNames, findDetector } from '../inference/faces/detectors/index.ts'
import type { EmbeddedFace } from '../inference/faces/face.ts'
import type { RecogniserSettings } from '../inference/faces/recogniser.ts'
import { decodePhoto } from '../inference/photos/decode.ts'
import { drawFaces } from '../inference/photos/draw-faces.ts'
import { PhotoError } from '../inference/photos/photo-error.ts'
import { errorCode } from '../lib/error-code.ts'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { readWorkerConfig } from '../worker/config.ts'
import { makeFolder } from './make-folder.ts'
import { choiceOption, numberOption } from './options.ts'

const help = `Finds the faces in photos: boxes, landmarks and vectors, one line of JSON per photo.

  npm run faces -- photo.jpg --json
  npm run faces -- photos/ more/*.png --json --draw out/ > faces.jsonl

  --json                    {file, width, height, faces: [{bbox, kps, score, embedding}]}, or {file, error} if the photo
                            cannot be read; without --json a short table
  --detector KIND           ${detectorNames.join(' or ')} (default: the bundle's)
  --detector-model FILE     its network; required for a detector that the bundle does not contain
  --recognizer-model FILE   an ArcFace-like network: RGB, (x - 127.5) / 127.5
  --retry                   as the service does: try again with a border and at other sizes if no face is found, and with
                            the photo turned if no face is clearly upright (turn: degrees clockwise that turn it upright)
  --color-managed           apply embedded ICC profiles, and put transparent photos on white, as the service does; by
                            default the values in the file are used unchanged, as insightface and OpenCV do
  --draw DIR                write copies of the photos with boxes and landmarks
  --threads N               number of threads for the networks
  --help

Coordinates are pixels of the photo, turned upright. The largest face is first. Exit code 1 if a photo cannot be read.`

const extensions = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif', '.tif', '.tiff', '.heic'])

/** Lists the given files, and the photos in the given folders. */
const listPhotos = async (paths: readonly string[]): Promise<string[]> => {
  const lists = await Promise.all(
    paths.map(async (path) => {
      const info = await stat(path).catch(() => undefined)
      if (!info?.isDirectory()) return [path]
      const names = await readdir(path)
      return names
        .filter((name) => extensions.has(extname(name).toLowerCase()))
        .sort()
        .map((name) => join(path, name))
    }),
  )
  return lists.flat()
}

const readModels = async (values: {
  detector?: string
  'detector-model'?: string
  'recognizer-model'?: string
}): Promise<FaceModels> => {
  const bundle = await loadBundle(readWorkerConfig().models)
  const { detector: own, recogniser } = bundle.manifest
  const kind = choiceOption('--detector', values.detector ?? own?.kind ?? detectorNames[0]!, detectorNames)
  const detectorFile = values['detector-model'] ?? (own?.kind === kind ? bundle.path(own.file) : undefined)
  if (!detectorFile) throw new UsageError(`The bundle has no ${kind} detector; pass one with --detector-model`)
  const detector = own?.kind === kind ? own : { kind, ...findDetector(kind)!.defaults }
  const recogniserFile = values['recognizer-model'] ?? (recogniser && bundle.path(recogniser.file))
  if (!recogniserFile) throw new UsageError('The bundle has no recogniser; pass one with --recognizer-model')
  const plain: Omit<RecogniserSettings, 'file'> = { sizePx: 112, channels: 'rgb', mean: 127.5, std: 127.5 }
  return {
    detector: { ...detector, file: detectorFile },
    recogniser: { ...(values['recognizer-model'] ? plain : recogniser!), file: recogniserFile },
  }
}

interface Report {
  file: string
  width?: number
  height?: number
  faces?: EmbeddedFace[]
  error?: { type: string; message: string }
}

const look = async (
  engine: FaceEngine,
  file: string,
  { retry, draw, colours }: { retry: boolean; draw: string | undefined; colours: 'managed' | 'stored' },
): Promise<Report> => {
  try {
    const photo = await decodePhoto(await readFile(file), { colours })
    const faces = await engine.analyse(photo, { retry })
    if (draw) await writeFile(join(draw, `${basename(file)}.png`), await drawFaces(photo, faces))
    return { file, width: photo.width, height: photo.height, faces }
  } catch (error) {
    if (error instanceof PhotoError) return { file, error: { type: error.type, message: error.message } }
    if (errorCode(error).startsWith('E')) {
      return { file, error: { type: 'photo_unreadable', message: `Cannot read the file: ${(error as Error).message}` } }
    }
    throw error
  }
}

const toJson = ({ file, width, height, faces, error }: Report): string =>
  JSON.stringify(
    error
      ? { file, error }
      : {
          file,
          width,
          height,
          faces: faces!.map(({ box, landmarks, score, turn, embedding }) => ({
            bbox: box,
            kps: landmarks,
            score,
            ...(turn && { turn }),
            embedding: [...embedding],
          })),
        },
  )

const toText = ({ file, faces, error }: Report): string => {
  if (error) return `${file}: ${error.message}`
  const list = faces!.map(({ box, score }) => `  [${box.map(Math.round).join(', ')}] score ${score.toFixed(3)}`)
  return [`${file}: ${faces!.length} ${faces!.length === 1 ? 'face' : 'faces'}`, ...list].join('\n')
}

await runCommand(help, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      detector: { type: 'string' },
      'detector-model': { type: 'string' },
      'recognizer-model': { type: 'string' },
      retry: { type: 'boolean', default: false },
      'color-managed': { type: 'boolean', default: false },
      draw: { type: 'string' },
      threads: { type: 'string' },
    },
  })
  const photos = await listPhotos(positionals)
  if (photos.length === 0) throw new UsageError('Pass photos, or folders with photos')
  const threads = numberOption('--threads', values.threads, { integer: true, min: 1, max: 256 })
  if (values.draw) await makeFolder('--draw', values.draw)
  const engine = createFaceEngine({ models: await readModels(values), ...(threads && { threads }) })
  const bar =
    process.stderr.isTTY && photos.length > 1
      ? new SingleBar({ format: '{bar} {value}/{total}', clearOnComplete: true })
      : undefined
  bar?.start(photos.length, 0)
  // Decodes the next photos during detection; the output keeps the order of the photos.
  const ahead = availableParallelism() + 1
  const running: Promise<Report>[] = []
  let failed = 0
  try {
    for (let next = 0; next < photos.length || running.length > 0; ) {
      while (next < photos.length && running.length < ahead) {
        running.push(
          look(engine, photos[next++]!, {
            retry: values.retry,
            draw: values.draw,
            colours: values['color-managed'] ? 'managed' : 'stored',
          }),
        )
      }
      const report = await running.shift()!
      if (report.error) failed += 1
      console.log(values.json ? toJson(report) : toText(report))
      bar?.increment()
    }
  } finally {
    bar?.stop()
    await engine.close()
  }
  if (failed > 0) process.exitCode = 1
})
