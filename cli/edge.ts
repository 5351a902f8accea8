import { writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readApiConfig } from '../api/config.ts'
import { bundleEdge } from '../infra/edge/bundle-edge.ts'
import { runCommand } from '../lib/run-command.ts'
import { makeFolder } from './make-folder.ts'

const help = `Bundles the API for runtimes without Node, and prints the IDEM_BUNDLE that it needs.

  npm run edge [-- --models bundles/arc2face] [--out out/edge.js]

  --models DIR   the model bundle of the workers (default: IDEM_MODELS, or the demo bundle)
  --out FILE     where to write the code (out/edge.js)
  --help

docs/edge.md lists the other variables to set.`

await runCommand(help, async () => {
  const { values } = parseArgs({ options: { models: { type: 'string' }, out: { type: 'string' } } })
  const out = resolve(values.out ?? 'out/edge.js')
  await makeFolder('--out', dirname(out))
  const [{ code, bytes, gzipBytes }, { bundle }] = await Promise.all([
    bundleEdge(),
    readApiConfig({ ...(values.models && { IDEM_MODELS: values.models }) }),
  ])
  await writeFile(out, code)
  console.error(`${out}: ${bytes} bytes, ${gzipBytes} with gzip`)
  console.log(`IDEM_BUNDLE=${JSON.stringify(bundle)}`)
})
