import { Client } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type DevServer, startDevServer } from '../../../cli/stack/dev-server.ts'
import { outboundQueue, webhookQueue } from '../../../contracts/queues.ts'
import type { WebhookMessage } from '../../../contracts/webhooks.ts'
import type { deliverWebhook } from '../../../workflows/deliver-webhook.ts'
import { workflowsPath } from '../../support/workflow-history.ts'

const suggestedAt = 40

let server: DevServer
let connection: NativeConnection
let client: Client
let stopWorkers: () => Promise<void>
const sent: WebhookMessage[] = []

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  server = await startDevServer({
    cli: inject('temporalCli'),
    settings: [`limit.historyCount.suggestContinueAsNew=${suggestedAt}`],
  })
  connection = await NativeConnection.connect({ address: server.address })
  client = new Client({ connection })
  const activities = {
    sendWebhook: async (message: WebhookMessage) => {
      sent.push(message)
      return { status: 204 }
    },
  }
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: webhookQueue, workflowsPath }),
    Worker.create({ connection, taskQueue: outboundQueue, activities }),
  ])
  const running = Promise.all(workers.map((worker) => worker.run()))
  stopWorkers = async () => {
    for (const worker of workers) worker.shutdown()
    await running
  }
})
afterAll(async () => {
  await stopWorkers?.()
  await connection?.close()
  await server?.stop()
})

it('a delivery with a long history continues as a new run, which keeps to its throttle and ends with completed', async () => {
  const handle = await client.workflow.start<typeof deliverWebhook>('deliverWebhook', {
    workflowId: 'webhook-p1',
    taskQueue: webhookQueue,
    args: [
      {
        predictionId: 'p1',
        url: 'https://hook.example',
        events: ['logs', 'completed'],
        pending: [['logs', 1]],
        // Longer than the test: only the end is sent after the first message.
        timing: { throttleMs: 3_600_000 },
      },
    ],
  })
  await expect.poll(() => sent.length).toBe(1)
  for (let n = 0; n < suggestedAt; n++) await handle.signal('webhookNotice', 'logs')
  const runId = async () => (await client.workflow.getHandle(handle.workflowId).describe()).runId
  await expect.poll(runId).not.toBe(handle.firstExecutionRunId)
  await client.workflow.getHandle(handle.workflowId).signal('webhookNotice', 'completed')
  await client.workflow.getHandle(handle.workflowId).result()
  expect(sent.map(({ messageId }) => messageId)).toEqual(['p1-logs-1', 'p1-completed-1'])
})
