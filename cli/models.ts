import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { z } from 'zod'
import { loadBundle } from '../inference/bundle.ts'
import { detectorNames, findDetector } from '../inference/faces/detectors/index.ts'
import { projectDir } from '../lib/project-dir.ts'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { runExport } from './bundles/export.ts'
import { pull, pullListSchema } from './bundles/pull.ts'
import { verifyBundle } from './bundles/verify.ts'
import { readModelsConfig } from './config.ts'
import { choiceOption, takeOptions } from './options.ts'

const help = `Exports, downloads and checks model bundles.

  npm run models -- export CHECKPOINT --out BUNDLE [options]
      Turns a folder in diffusers' layout (arc2face/ or unet/, encoder/ or text_encoder/, vae/, tokenizer/, scheduler/) into a
      bundle, and compares it with PyTorch. Creates a Python environment at first use.
      --precision fp32|fp16   fp32 for the CPU (default), fp16 with fused kernels for GPUs
      --lora FILE             merge a LoRA such as LCM-LoRA into the UNet
      --detector FILE --detector-kind ${detectorNames.join('|')} --recogniser FILE [--recogniser-sha256 HASH]
      --vae-encoder, --timestep-spacing leading|linspace|trailing, --name, --description, --licence, --source
      --networks DIR          use and check the networks of an earlier export instead of exporting them
      --python FILE           use this interpreter, with the requirements installed, instead of an environment

  npm run models -- pull [LIST.json] --out DIR
      Downloads the files in a list of repositories and revisions (default: models/arc2face.json), resumes interrupted
      downloads, checks every hash, and records all hashes in DIR/pulled.json. --hub URL uses another hub. HF_TOKEN is
      sent if it is set.

  npm run models -- verify BUNDLE [--provider cpu|cuda|tensorrt|webgpu]
      Checks hashes and sizes, and runs every network once.

  npm run models -- export weights/arc2face --out bundles/arc2face --recogniser weights/arc2face/arcface.onnx
  npm run models -- verify models/demo`

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

const exportBundle = async (args: string[]): Promise<void> => {
  // All other options are for the exporter.
  const { values, rest } = takeOptions(args, { '--python': 'a file', '--detector-kind': detectorNames.join(' or ') })
  if (rest.length === 0) throw new UsageError('export needs a checkpoint folder and --out')
  const python = values.get('--python')
  const kind = values.get('--detector-kind')
  const detector = kind && {
    kind,
    ...findDetector(choiceOption('--detector-kind', kind, detectorNames))!.defaults,
  }
  process.exitCode = await runExport({
    args: detector ? [...rest, '--detector-settings', JSON.stringify(detector)] : rest,
    project: join(projectDir, 'infra/export'),
    venv: join(projectDir, '.cache/export-venv'),
    ...(python && { python }),
    env: readModelsConfig().env,
  })
}

const pullFiles = async (args: string[]): Promise<void> => {
  const config = readModelsConfig()
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string' }, hub: { type: 'string', default: config.hubUrl } },
  })
  if (!values.out) throw new UsageError('pull needs --out DIR')
  const file = positionals[0] ?? join(projectDir, 'models/arc2face.json')
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new UsageError(`Cannot read the list ${file}`, { cause })
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new UsageError(`${file} is not valid JSON`)
  }
  const list = pullListSchema.safeParse(json)
  if (!list.success) throw new UsageError(`${file} is not a list of files: ${z.prettifyError(list.error)}`)

  const bar = process.stderr.isTTY
    ? new SingleBar({ format: '{bar} {percentage}% {file}', clearOnComplete: true })
    : undefined
  bar?.start(1, 0, { file: '' })
  try {
    const pulled = await pull(list.data, {
      out: values.out,
      hubUrl: values.hub.replace(/\/+$/, ''),
      ...(config.hubToken && { accessToken: config.hubToken }),
      onProgress: ({ file: name, bytes, of }) => bar?.update(bytes / of, { file: name }),
    })
    bar?.stop()
    for (const { file: name, bytes, sha256, trusted } of pulled) {
      console.log(`${name}  ${megabytes(bytes)}  ${sha256}${trusted === 'hub' ? '  (hash from the hub)' : ''}`)
    }
  } finally {
    bar?.stop()
  }
}

const verify = async (args: string[]): Promise<void> => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { provider: { type: 'string', default: 'cpu' } },
  })
  const provider = choiceOption('--provider', values.provider, ['cpu', 'cuda', 'tensorrt', 'webgpu'])
  if (positionals.length !== 1) throw new UsageError('verify needs one bundle folder')
  const bundle = await loadBundle(positionals[0]!)
  await verifyBundle(bundle, {
    provider,
    onFile: ({ file, bytes, what }) => console.log(`${file.padEnd(40)}${megabytes(bytes).padStart(10)}  ${what}`),
  })
  console.log(`${bundle.manifest.name}: all checks passed`)
}

const actions: Record<string, (args: string[]) => Promise<void>> = { export: exportBundle, pull: pullFiles, verify }

await runCommand(help, async () => {
  const [name = '', ...args] = process.argv.slice(2)
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (!action)
    throw new UsageError(`The action must be one of ${Object.keys(actions).join(', ')}${name && `, not "${name}"`}`)
  await action(args)
})
