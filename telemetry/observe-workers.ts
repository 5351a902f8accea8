import { fileURLToPath } from 'node:url'
import type { InjectedSinks, WorkerInterceptors } from '@temporalio/worker'
import type { GuardedFetch } from '../activities/shared/guarded-fetch.ts'
import type { DiffusionEngine } from '../inference/engine/diffusion-engine.ts'
import { remember } from '../lib/remember.ts'
import type { SealedStore } from '../storage/sealed-store.ts'
import { measureActivities } from './activity-metrics.ts'
import { traceActivities, traceWebhooks } from './activity-tracing.ts'
import { failureLabel } from './failure-label.ts'
import { measureDiffusion } from './measure-diffusion.ts'
import { measureStore } from './measure-store.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { Tracing } from './tracing.ts'
import type { EndedWorkflow, ObserverSinks } from './workflow-interceptors.ts'

/** Where metrics and traces look into workers. */
export interface WorkerObserver {
  readonly interceptors: WorkerInterceptors
  readonly sinks: InjectedSinks<ObserverSinks>
  store(store: SealedStore): SealedStore
  diffusion(engine: DiffusionEngine): DiffusionEngine
  /** Only for requests to webhooks: hosts of photos get no trace headers. */
  webhooks(fetch: GuardedFetch): GuardedFetch
}

export interface ObserverOptions {
  metrics?: WorkerMetrics | undefined
  tracing?: Tracing | undefined
}

const countWorkflow = (
  metrics: WorkerMetrics,
  { workflowType: workflow, startTime }: { workflowType: string; startTime: Date },
  { outcome, failure: type, model }: EndedWorkflow,
) => {
  const failure = type === undefined ? '' : failureLabel(type)
  metrics.workflows.inc({ workflow, outcome, failure })
  if (model === undefined || outcome === 'continued') return
  metrics.predictions.inc({ model, outcome, failure })
  metrics.predictionSeconds.observe({ model, outcome }, Math.max(0, Date.now() - startTime.getTime()) / 1000)
}

const rememberedRuns = 10_000

/** Whether a run is reported for the first time: a last workflow task that the server did not take is done again. */
const createRunMemory = () => {
  const runs = new Map<string, true>()
  return (runId: string): boolean => {
    if (runs.has(runId)) return false
    remember(runs, runId, true, rememberedRuns)
    return true
  }
}

/** Undefined where nobody looks: workers are then as if there were no such thing. */
export const observeWorkers = ({ metrics, tracing }: ObserverOptions): WorkerObserver | undefined => {
  if (!metrics && !tracing) return undefined
  const isNew = createRunMemory()
  return {
    interceptors: {
      workflowModules: [fileURLToPath(new URL('./workflow-interceptors.ts', import.meta.url))],
      activity: [...(tracing ? [traceActivities(tracing)] : []), ...(metrics ? [measureActivities(metrics)] : [])],
    },
    sinks: {
      observer: {
        ended: {
          // Not called in replays: a workflow is counted where it ends.
          fn: (info, ended) => {
            if (!isNew(info.runId)) return
            if (metrics) countWorkflow(metrics, info, ended)
            if (!tracing || !ended.trace) return
            tracing.record({
              name: `RunWorkflow:${info.workflowType}`,
              ...ended.trace,
              startedAt: info.startTime,
              error: ended.outcome === 'failed' ? ended.failure : undefined,
              attributes: {
                workflow_id: info.workflowId,
                run_id: info.runId,
                task_queue: info.taskQueue,
                outcome: ended.outcome,
                ...(ended.model && { model: ended.model }),
              },
            })
          },
        },
      },
    },
    store: (store) => (metrics ? measureStore(store, metrics.storageBytes) : store),
    diffusion: (engine) => (metrics ? measureDiffusion(engine, metrics) : engine),
    webhooks: (fetch) => (tracing ? traceWebhooks(tracing, fetch) : fetch),
  }
}
