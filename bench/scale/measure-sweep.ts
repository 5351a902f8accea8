import { parseArgs } from 'node:util'
import pMap from 'p-map'
import { destroyPrediction } from '../../activities/shared/artifacts.ts'
import { sweptAtOnce } from '../../activities/sweep.ts'
import { numberOption } from '../../cli/options.ts'
import { artifactKeys } from '../../contracts/artifact-keys.ts'
import { toBase64 } from '../../lib/base64.ts'
import { parseKeyRing } from '../../lib/crypto/key-ring.ts'
import { runCommand } from '../../lib/run-command.ts'
import { openStore } from '../../storage/open-store.ts'
import { createSealedStore } from '../../storage/sealed-store.ts'
import type { ArtifactStore } from '../../storage/store.ts'
import { findVersitygw, startVersitygw } from '../../test/support/versitygw.ts'
import { table } from '../api/table.ts'
import { startStorageProxy } from './storage-proxy.ts'

/** What the end of a prediction of four images leaves. */
const leave = async (store: ArtifactStore, id: string): Promise<void> => {
  await store.put(artifactKeys.identity(id), new Uint8Array(2048), { contentType: 'application/octet-stream' })
  for (let k = 0; k < 4; k++)
    await store.put(artifactKeys.output(id, k), new Uint8Array(30_000), { contentType: 'image/png' })
}

const help = `How many expired predictions the sweep can destroy per second, in parallel and one after another. Uses a real S3 server (versitygw, which needs Go).

  node --import tsx bench/scale/measure-sweep.ts --count 200

  --count N    predictions; default 200
  --help`

await runCommand(help, async () => {
  const { values } = parseArgs({ options: { count: { type: 'string', default: '200' } } })
  const count = numberOption('--count', values.count, { integer: true, min: 1, max: 100_000 })!
  const s3 = await startVersitygw((await findVersitygw({ ci: true }))!, ['idem'])
  const proxy = await startStorageProxy({ host: '127.0.0.1', port: s3.port })
  try {
    const { accessKeyId, secretAccessKey } = s3.credentials
    const bucket = openStore(`s3://idem?endpoint=${proxy.endpoint}&region=us-east-1`, {
      publicUrl: 'http://127.0.0.1',
      signingKey: new Uint8Array(32),
      cwd: process.cwd(),
      env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    })
    const store = createSealedStore(bucket, parseKeyRing(`k1:${toBase64(new Uint8Array(32).fill(1))}`))
    const rows: string[][] = []
    for (const delayMs of [0, 10, 30]) {
      for (const atOnce of [1, sweptAtOnce]) {
        const ids = Array.from({ length: count }, (_, k) => `${rows.length}-${k}`.padStart(26, '0'))
        await pMap(ids, (id) => leave(store, id), { concurrency: sweptAtOnce })
        proxy.take()
        proxy.setDelay(delayMs)
        const from = performance.now()
        await pMap(ids, (id) => destroyPrediction(store, id), { concurrency: atOnce })
        const perSecond = (1000 * count) / (performance.now() - from)
        proxy.setDelay(0)
        const requests = Object.values(proxy.take()).reduce((sum, { requests }) => sum + requests, 0) / count
        rows.push([`${delayMs} ms`, `${atOnce}`, requests.toFixed(1), perSecond.toFixed(perSecond < 10 ? 1 : 0)])
      }
    }
    console.log(table(['delay per request', 'at once', 'requests per prediction', 'predictions per second'], rows))
  } finally {
    await proxy.close()
    await s3.stop()
  }
})
