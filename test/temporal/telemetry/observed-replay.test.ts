import { readdirSync, readFileSync } from 'node:fs'
import proto from '@temporalio/proto'
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { beforeAll, expect, it } from 'vitest'
import { createWorkerMetrics } from '../../../telemetry/metrics.ts'
import { observeWorkers } from '../../../telemetry/observe-workers.ts'
import { workflowsPath } from '../../support/workflow-history.ts'

// Released histories were made by workers that nobody observed: metrics and traces may be turned on while they run.
const histories = readdirSync('test/histories').filter((name) => name.endsWith('.bin'))
const metrics = createWorkerMetrics()
const { interceptors, sinks } = observeWorkers({ metrics })!
const logger = new DefaultLogger('ERROR')
let workflowBundle: { code: string }
let plainBytes: number

beforeAll(async () => {
  Runtime.install({ logger })
  const workflowInterceptorModules = [...interceptors.workflowModules!]
  workflowBundle = await bundleWorkflowCode({ workflowsPath, workflowInterceptorModules, logger })
  plainBytes = (await bundleWorkflowCode({ workflowsPath, logger })).code.length
})

it.each(histories)('%s replays under the eyes of metrics and traces', async (name) => {
  const history = proto.temporal.api.history.v1.History.decode(readFileSync(`test/histories/${name}`))
  await Worker.runReplayHistory({ workflowBundle, interceptors, sinks }, history)
})

it('counts nothing in a replay', async () => {
  const { values } = await metrics.workflows.get()
  expect(values.filter(({ value }) => value > 0)).toEqual([])
})

it('adds little to the bundle of workflows', () => {
  const added = workflowBundle.code.length - plainBytes
  expect(added).toBeGreaterThan(0)
  expect(added).toBeLessThan(50_000)
})
