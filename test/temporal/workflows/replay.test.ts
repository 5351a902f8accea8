import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import proto from '@temporalio/proto'
import { Worker } from '@temporalio/worker'
import { expect, it } from 'vitest'
import { webhookWorkflowId } from '../../../contracts/webhooks.ts'
import { erasureWorkflowId } from '../../../contracts/workflow-ids.ts'
import { sealWorkers } from '../../../temporal/seal-workers.ts'

// Histories of workflows as they were released, as protobuf (temporal.api.history.v1.History). A change that breaks one
// would break predictions that are under way.
const { History } = proto.temporal.api.history.v1
const histories = readdirSync('test/histories').filter((name) => name.endsWith('.bin'))
const workflowsPath = resolve('workflows/index.ts')
const read = (name: string) => History.decode(readFileSync(`test/histories/${name}`))

/** A history does not say the id of its workflow. */
const workflowIdOf = ({ events }: ReturnType<typeof read>): string => {
  const { workflowType, input } = events[0]!.workflowExecutionStartedEventAttributes!
  const { predictionId = '' } = JSON.parse(Buffer.from(input!.payloads![0]!.data!).toString()) as {
    predictionId?: string
  }
  const ids: Record<string, string> = {
    deliverWebhook: webhookWorkflowId(predictionId),
    erasePrediction: erasureWorkflowId(predictionId),
  }
  return ids[workflowType!.name!] ?? predictionId
}

it('has histories to replay', () => {
  expect(histories.length).toBeGreaterThanOrEqual(4)
})

it.each(histories)('%s replays', async (name) => {
  await Worker.runReplayHistory({ workflowsPath }, read(name))
})

it.each(histories)('%s replays where payloads of earlier releases are accepted', async (name) => {
  const history = read(name)
  await Worker.runReplayHistory(
    { workflowsPath, interceptors: sealWorkers('plaintext') },
    history,
    workflowIdOf(history),
  )
})
