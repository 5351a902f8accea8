import { resolve } from 'node:path'
import { Connection } from '@temporalio/client'
import { inject } from 'vitest'
import type { PredictionInput } from '../../contracts/prediction-options.ts'
import { besideQueues, type Queue, queues } from '../../contracts/queues.ts'
import type { PredictionRecord } from '../../contracts/record.ts'
import type { StepName } from '../../contracts/steps.ts'
import { toBase64 } from '../../lib/base64.ts'
import { parseKeyRing } from '../../lib/crypto/key-ring.ts'
import { createGrpcOrchestrator } from '../../temporal/grpc-orchestrator.ts'
import { instantSteps, type StepDouble } from './instant-steps.ts'
import { createNamespace, createTestClient, runWorker } from './namespace.ts'

type Plan = Partial<Record<StepName, StepDouble>>

interface Call {
  readonly step: StepName
  readonly input: Parameters<StepDouble>[0]
}

/** Only what hangs takes longer. */
const longEnoughMs = 240_000
const tenant = 'local'
const keyRing = parseKeyRing(`a:${toBase64(new Uint8Array(32).fill(1))}`)

/** The real workflows in a namespace of a real server, with steps that do what a test plans for a prediction. */
export const startStepWorld = async () => {
  const connection = await Connection.connect({ address: inject('temporalAddress') })
  const namespace = await createNamespace(connection)
  const client = createTestClient(connection, namespace, keyRing)
  const orchestrator = createGrpcOrchestrator(client)
  const plans = new Map<string, Plan>()
  const calls: Call[] = []

  const doublesOf = (queue: Queue) =>
    Object.fromEntries(
      Object.entries<StepDouble>(instantSteps(queue)).map(([name, answer]) => {
        const step = name as StepName
        const run: StepDouble = async (input) => {
          calls.push({ step, input })
          return (plans.get(input.predictionId)?.[step] ?? answer)(input)
        }
        return [step, run]
      }),
    )
  const common = { namespace, keyRing }
  const workers = await Promise.all([
    runWorker({ ...common, taskQueue: queues.control, workflowsPath: resolve('workflows/index.ts') }),
    ...(['cpu', 'gpu'] as const).flatMap((queue) =>
      [queue, ...besideQueues[queue]].map((taskQueue) =>
        runWorker({ ...common, taskQueue, activities: doublesOf(queue) }),
      ),
    ),
  ])

  return {
    /** Starts a prediction whose steps do what is planned; those that are not planned answer at once. */
    start: async (workflow: string, input: PredictionInput, plan: Plan = {}): Promise<void> => {
      plans.set(input.predictionId, plan)
      const start = { workflow, input }
      await orchestrator.start({
        tenant,
        model: 'test/model',
        version: 'v1',
        requestHash: '',
        summary: 'test',
        details: '',
        start,
      })
    },
    cancel: (predictionId: string) => orchestrator.cancel(predictionId),
    /** A prediction once it has ended. */
    ended: async <R>(predictionId: string): Promise<PredictionRecord<PredictionInput, R>> => {
      await orchestrator.waitForEnd(predictionId, longEnoughMs)
      return (await orchestrator.read(predictionId)) as PredictionRecord<PredictionInput, R>
    },
    /** What a step of a prediction was given, each time. */
    inputsOf: (predictionId: string, step: StepName) =>
      calls.flatMap((call) => (call.step === step && call.input.predictionId === predictionId ? [call.input] : [])),
    /** The steps of a prediction in the order in which they began. */
    stepsOf: (predictionId: string) =>
      calls.flatMap(({ step, input }) => (input.predictionId === predictionId ? [step] : [])),
    /** A search attribute of an ended prediction. */
    attributeOf: async (predictionId: string, name: string): Promise<unknown> => {
      const { searchAttributes } = await client.workflow.getHandle(predictionId).describe()
      return searchAttributes[name]?.[0]
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
      await connection.close()
    },
  }
}

export type StepWorld = Awaited<ReturnType<typeof startStepWorld>>
