import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import type { ApplicationFailure } from '@temporalio/common'
import { temporal } from '@temporalio/proto'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { createDataConverter } from '../../../temporal/data-converter.ts'
import * as activities from '../../fixtures/secret-activities.ts'
import { echo, failWithSecret, repeatSecret, tell } from '../../fixtures/secret-workflows.ts'

const secret = 'https://photos.test/hush-4711.jpg'
const taskQueue = 'encryption-test'
const address = inject('temporalAddress')
const namespace = 'default'
const keys = `a:${toBase64(crypto.getRandomValues(new Uint8Array(32)))}`
const dataConverter = createDataConverter(parseKeyRing(keys), { namespace })

// A failed activity is what we ask for; its warning is none.
Runtime.install({ logger: new DefaultLogger('ERROR') })
const connection = await Connection.connect({ address })
const native = await NativeConnection.connect({ address })
const client = new Client({ connection, dataConverter })
const worker = await Worker.create({
  connection: native,
  taskQueue,
  dataConverter,
  activities,
  workflowsPath: fileURLToPath(new URL('../../fixtures/secret-workflows.ts', import.meta.url)),
})
const running = worker.run()
afterAll(async () => {
  worker.shutdown()
  await running
  await native.close()
  await connection.close()
})

/** Everything that the server tells of a workflow, as bytes. */
const historyBytes = async (workflowId: string) => {
  const history = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory()
  return Buffer.from(temporal.api.history.v1.History.encode(history).finish())
}

const startOptions = (name: string) => ({ taskQueue, workflowId: `${name}-${crypto.randomUUID()}` })

describe('encrypted histories', () => {
  it('carry inputs, results, signals, memos, heartbeats and children, and show none of them', async () => {
    const options = { ...startOptions('repeat'), args: [secret] as [string], memo: { secret } }
    const handle = await client.workflow.start(repeatSecret, options)
    await handle.signal(tell, `${secret}?signalled`)
    expect(await handle.result()).toEqual([secret, secret, secret, `${secret}?signalled`])
    expect((await handle.describe()).memo).toEqual({ secret })

    const bytes = await historyBytes(handle.workflowId)
    expect(bytes.includes('binary/encrypted')).toBe(true)
    expect(bytes.includes('hush')).toBe(false)
  })

  it('carry the messages and details of failures, and show none of them', async () => {
    const options = { ...startOptions('fail'), args: [secret] as [string] }
    const handle = await client.workflow.start(failWithSecret, options)
    const error = await handle.result().catch((e) => e)
    const failure = error.cause.cause as ApplicationFailure
    expect(failure.message).toBe(`It broke at ${secret}`)
    expect(failure.type).toBe('broken')
    expect(failure.details).toEqual([{ secret }])
    expect(failure.stack).toContain('secret-activities')

    const bytes = await historyBytes(handle.workflowId)
    expect(bytes.includes('Encoded failure')).toBe(true)
    expect(bytes.includes('hush')).toBe(false)
    expect(bytes.includes('secret-activities')).toBe(false)
  })

  it('work for schedules, whose workflows are named by the server', async () => {
    const scheduleId = `schedule-${crypto.randomUUID()}`
    const schedule = await client.schedule.create({
      scheduleId,
      spec: {},
      action: { type: 'startWorkflow', workflowType: echo, args: [secret], taskQueue },
    })
    await schedule.trigger()
    const action = await expect
      .poll(async () => (await schedule.describe()).info.recentActions[0]?.action.workflow.workflowId)
      .toBeDefined()
      .then(async () => (await schedule.describe()).info.recentActions[0]!.action.workflow.workflowId)
    expect(await client.workflow.getHandle(action).result()).toBe(secret)
    await schedule.delete()
  })

  it('are read by nobody without the key', async () => {
    const options = { ...startOptions('closed'), args: [secret] as [string] }
    const handle = await client.workflow.start(echo, options)
    await handle.result()
    const other = createDataConverter(parseKeyRing(`b:${toBase64(new Uint8Array(32))}`), { namespace })
    const stranger = new Client({ connection, dataConverter: other }).workflow.getHandle(handle.workflowId)
    await expect(stranger.result()).rejects.toThrow('The key ring has no key "a"')
  })

  it('do not begin where a workflow was started in the clear', async () => {
    const plain = new Client({ connection })
    const handle = await plain.workflow.start(echo, { ...startOptions('plain'), args: [secret] })
    await expect
      .poll(async () => (await handle.fetchHistory()).events?.some((event) => event.workflowTaskFailedEventAttributes))
      .toBe(true)
    await handle.terminate()
  })

  it('of another workflow are not read in its place', async () => {
    const [mine, theirs] = [startOptions('mine'), startOptions('theirs')]
    const handle = await client.workflow.start(echo, { ...mine, args: [secret] })
    await handle.result()
    const { events } = await handle.fetchHistory()
    const { input } = events![0]!.workflowExecutionStartedEventAttributes!
    await connection.workflowService.startWorkflowExecution({
      namespace,
      workflowId: theirs.workflowId,
      requestId: theirs.workflowId,
      workflowType: { name: 'echo' },
      taskQueue: { name: taskQueue },
      input,
    })
    const moved = client.workflow.getHandle(theirs.workflowId)
    await expect
      .poll(async () => (await moved.fetchHistory()).events?.some((event) => event.workflowTaskFailedEventAttributes))
      .toBe(true)
    await moved.terminate()
  })
})
