import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { newPredictionId } from '../../../contracts/prediction-id.ts'
import { queues } from '../../../contracts/queues.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { checkKeyMark } from '../../../storage/key-mark.ts'
import { openStore } from '../../../storage/open-store.ts'
import { eventually } from '../../support/eventually.ts'
import { createNamespace, createTestClient } from '../../support/namespace.ts'
import { runScript } from '../../support/run-process.ts'

const keyOf = (id: string, fill: number) => `${id}:${toBase64(new Uint8Array(32).fill(fill))}`
const old = keyOf('old', 1)
const rotated = `${keyOf('new', 2)},${old}`
const webhookSecret = `whsec_${toBase64(new Uint8Array(32).fill(9))}`
const named = 'IDEM_ENCRYPTION_KEYS: the key "new" is missing'

let folder: string
let connection: Connection
let namespace: string
const children: ChildProcess[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idem-keys-'))
  connection = await Connection.connect({ address: inject('temporalAddress') })
  namespace = await createNamespace(connection)
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await connection?.close()
  await rm(folder, { recursive: true, force: true })
})

const envOf = (name: string) => ({
  ...process.env,
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  TEMPORAL_NAMESPACE: namespace,
  IDEM_STATE: join(folder, name),
  IDEM_STORAGE: `file:${join(folder, name, 'artifacts')}`,
  IDEM_WEBHOOK_SECRET: webhookSecret,
  IDEM_ENCRYPTION_KEYS: old,
})
const options = { publicUrl: 'http://idem.test', signingKey: new Uint8Array(32), cwd: '/' }
/** Another worker has started with the new key. */
const rotate = (name: string) => checkKeyMark(openStore(envOf(name).IDEM_STORAGE, options), parseKeyRing(rotated))

describe('a worker without the key that the others use', () => {
  it('does not start, and says which key it lacks', async () => {
    await rotate('start')
    const { code, stderr } = await runScript('cli/worker.ts', ['--queues', 'control'], { env: envOf('start') })
    expect([code, stderr]).toEqual([1, expect.stringContaining(named)])
  })

  it('ends when it meets what it cannot read, and says which key it lacks', async () => {
    const args = ['--import', 'tsx', 'cli/worker.ts', '--queues', 'control']
    const child = spawn(process.execPath, args, { env: envOf('run'), stdio: 'pipe' })
    children.push(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes))
    const ended = once(child, 'exit')
    await eventually(() => expect(output).toContain('ready: worker for control'))
    await rotate('run')
    const client = createTestClient(connection, namespace, parseKeyRing(rotated))
    const input = { predictionId: newPredictionId() }
    await client.workflow.start('embedFaces', {
      workflowId: input.predictionId,
      taskQueue: queues.control,
      args: [input],
    })
    expect(await ended).toEqual([1, null])
    expect(output).toContain(named)
  })
})
