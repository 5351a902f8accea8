import { parseArgs } from 'node:util'
import { destroyPrediction } from '../../activities/artifacts.ts'
import { artifactKeys } from '../../contracts/artifacts.ts'
import { parseKeyRing } from '../../contracts/encryption/key-ring.ts'
import { numberOption, runCommand } from '../../infra/commands/command.ts'
import { openStore } from '../../storage/open-store.ts'
import { createSealedStore } from '../../storage/sealed-store.ts'
import { findVersitygw, startVersitygw } from '../../test/support/versitygw.ts'
import { startStorageProxy } from './storage-proxy.ts'

const help = `How many expired predictions the sweep can destroy in a second: it takes one after another. Real S3 (versitygw, which needs Go).

  node --import tsx bench/scale/sweep.ts --count 200

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
    const store = createSealedStore(bucket, parseKeyRing(`k1:${Buffer.alloc(32, 1).toString('base64')}`))
    const ids = Array.from({ length: count }, (_, k) => `${k}`.padStart(26, '0'))
    // What the end of a prediction of four images leaves.
    for (const id of ids) {
      await store.put(artifactKeys.identity(id), new Uint8Array(2048), { contentType: 'application/octet-stream' })
      for (let k = 0; k < 4; k++)
        await store.put(artifactKeys.output(id, k), new Uint8Array(30_000), { contentType: 'image/png' })
    }
    proxy.take()
    const from = performance.now()
    for (const id of ids) await destroyPrediction(store, id)
    const each = (performance.now() - from) / count
    const requests = Object.values(proxy.take()).reduce((sum, { requests }) => sum + requests, 0) / count
    console.log(
      `${requests.toFixed(1)} requests and ${each.toFixed(1)} ms a prediction on this machine: ${(1000 / each).toFixed(0)} a second`,
    )
    for (const ms of [10, 30])
      console.log(
        `With ${ms} ms a request, were they all one after another: ${(1000 / (requests * ms)).toFixed(1)} a second`,
      )
  } finally {
    await proxy.close()
    await s3.stop()
  }
})
