import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../lib/run-command.ts'

const help = `Runs the measurements that need no Python, one after another; each has a page beside it and a --help of its own.

  npm run bench

  bench/faces.ts      decode, find, align, embed (beside insightface with --python)
  bench/data-path.ts  passing photos, images and requests on
  bench/batching.ts   jobs that share UNet calls
  bench/api.ts        the API and the orchestration by themselves

bench/step.ts is run by itself: it needs a checkpoint and Python.`

await runCommand(help, async () => {
  for (const name of ['faces', 'data-path', 'batching', 'api']) {
    console.log(`\n# bench/${name}.ts\n`)
    const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], { stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`bench/${name}.ts has failed`)
  }
})
