import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { numberOption } from '../cli/options.ts'
import { loadBundle } from '../inference/bundle.ts'
import { createFaceEngine } from '../inference/engine/face-engine.ts'
import { faceModels } from '../inference/engine/face-models.ts'
import { detectors } from '../inference/faces/detectors/index.ts'
import { resizeBilinear } from '../inference/numeric/resize.ts'
import { decodePhoto } from '../inference/photos/decode.ts'
import { encodeJpeg } from '../inference/photos/encode.ts'
import { sniffPhotoFormat } from '../inference/photos/photo-format.ts'
import { projectDir } from '../lib/project-dir.ts'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { readWorkerConfig } from '../worker/config.ts'

const help = `Decodes a 1024 px JPEG, finds, aligns and embeds its face: this project beside Python insightface, same networks and threads.

  node --import tsx bench/faces.ts --python .venv/bin/python
  node --import tsx bench/faces.ts --threads 4 --rounds 50

  --python FILE             interpreter with insightface and opencv-python-headless; this project alone where absent
  --detector-model FILE     SCRFD network; default test/fixtures/scrfd/scrfd_2.5g_bnkps.onnx
  --photo FILE              scaled to 1024 px unless it is such a JPEG; default samples/male_26.jpg
  --threads N               of every network; default 2
  --rounds N                measured; default 20
  --help`

const photoSizePx = 1024
const inProject = (path: string) => resolve(projectDir, path)

interface Measured {
  medianMs: number
  /** Mean processor time of all threads, which other programs on the machine disturb less. */
  cpuMs: number
}

/** Of one run, after a first one that loads the networks. */
const measure = async (rounds: number, run: () => Promise<unknown>): Promise<Measured> => {
  await run()
  const before = process.cpuUsage()
  const times: number[] = []
  for (let k = 0; k < rounds; k++) {
    const start = performance.now()
    await run()
    times.push(performance.now() - start)
  }
  const { user, system } = process.cpuUsage(before)
  times.sort((a, b) => a - b)
  const medianMs = (times[Math.floor((rounds - 1) / 2)]! + times[Math.floor(rounds / 2)]!) / 2
  return { medianMs, cpuMs: (user + system) / 1000 / rounds }
}

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      python: { type: 'string' },
      'detector-model': { type: 'string', default: inProject('test/fixtures/scrfd/scrfd_2.5g_bnkps.onnx') },
      photo: { type: 'string', default: inProject('samples/male_26.jpg') },
      threads: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '20' },
    },
  })
  const threads = numberOption('--threads', values.threads, { integer: true, min: 1, max: 256 })!
  const rounds = numberOption('--rounds', values.rounds, { integer: true, min: 1, max: 10_000 })!
  const { recogniser } = faceModels(await loadBundle(readWorkerConfig().models))
  const detector = { kind: 'scrfd', ...detectors.scrfd.defaults, file: values['detector-model'] }

  const file = await readFile(values.photo)
  const original = await decodePhoto(file)
  const scale = photoSizePx / Math.max(original.width, original.height)
  const bytes =
    scale === 1 && sniffPhotoFormat(file).format === 'jpeg'
      ? file
      : await encodeJpeg(
          resizeBilinear(original, Math.round(original.width * scale), Math.round(original.height * scale)),
        )

  const engine = createFaceEngine({ models: { detector, recogniser }, threads })
  const dir = await mkdtemp(join(tmpdir(), 'bench-faces-'))
  try {
    const analyse = async () => engine.analyse(await decodePhoto(bytes, { colours: 'stored' }), { retry: false })
    const decode = await measure(rounds, () => decodePhoto(bytes, { colours: 'stored' }))
    const one = await measure(rounds, analyse)
    const ten = await measure(rounds, () => Promise.all(Array.from({ length: 10 }, analyse)))
    const own = { decode, one, ten, faces: (await analyse()).length }
    console.log(JSON.stringify({ idem: own }))
    if (!values.python) return
    const photo = join(dir, 'photo.jpg')
    await writeFile(photo, bytes)
    const script = inProject('bench/faces.py')
    const args = [script, detector.file, recogniser.file, photo, `${threads}`, `${rounds}`]
    const { stdout, stderr, status, error } = spawnSync(values.python, args, { encoding: 'utf8' })
    if (status !== 0) throw new UsageError(`${values.python} failed: ${error?.message ?? stderr.trim()}`)
    const python = JSON.parse(stdout.trim().split('\n').at(-1)!) as { one: Measured; ten: Measured }
    console.log(JSON.stringify({ python }))
    const ratio = (theirs: Measured, ours: Measured): Measured => ({
      medianMs: theirs.medianMs / ours.medianMs,
      cpuMs: theirs.cpuMs / ours.cpuMs,
    })
    console.log(JSON.stringify({ pythonOverIdem: { one: ratio(python.one, one), ten: ratio(python.ten, ten) } }))
  } finally {
    await engine.close()
    await rm(dir, { recursive: true, force: true })
  }
})
