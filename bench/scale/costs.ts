import { table } from '../api/table.ts'
import { sum } from '../statistics.ts'

type Counts = Readonly<Record<string, number>>

interface Workflow {
  readonly events: number
  readonly historyBytes: number
  readonly stateTransitions: number
  readonly byType: Counts
  readonly activities: Readonly<Record<string, { queue: string; count: number; runMs: number }>>
  readonly largestPayload: { readonly bytes: number }
}

/** One case of measured.json. */
export interface CostCase {
  readonly name: string
  readonly latencyMs: number
  readonly prediction: Workflow
  readonly webhook?: Workflow
  readonly storage: Readonly<Record<string, { requests: number; bytesIn: number; bytesOut: number }>>
  readonly frontend: Counts
  readonly persistence: Counts
  readonly visibility: Counts
  readonly actions: Counts
}

const all = (counts: Counts): number => sum(Object.values(counts))
const pick = (counts: Counts, ...names: string[]): number => sum(names.map((name) => counts[name] ?? 0))

/** What one prediction with all its workflows costs. */
export const costOf = ({ prediction, webhook, storage, ...counts }: CostCase) => {
  const workflows = webhook ? [prediction, webhook] : [prediction]
  const total = (of: (workflow: Workflow) => number) => sum(workflows.map(of))
  const requests = (...kinds: string[]) => sum(kinds.map((kind) => storage[kind]?.requests ?? 0))
  const tasksOf = (queue: string) => (workflow: Workflow) =>
    sum(
      Object.values(workflow.activities)
        .filter((one) => one.queue === queue)
        .map(({ count }) => count),
    )
  return {
    events: total(({ events }) => events),
    historyBytes: total(({ historyBytes }) => historyBytes),
    stateTransitions: total(({ stateTransitions }) => stateTransitions),
    largestPayload: Math.max(...workflows.map(({ largestPayload }) => largestPayload.bytes)),
    workflowTasks: total(({ byType }) => byType.WORKFLOW_TASK_SCHEDULED ?? 0),
    cpuTasks: total(tasksOf('cpu')),
    gpuTasks: total(tasksOf('gpu')),
    actions: all(counts.actions),
    heartbeats: pick(counts.actions, 'grpc_RecordActivityTaskHeartbeat'),
    frontend: all(counts.frontend),
    visibilityWrites: all(counts.visibility),
    executionWrites: pick(counts.persistence, 'UpdateWorkflowExecution', 'CreateWorkflowExecution'),
    puts: requests('PUT', 'PUT of a key', 'DELETE'),
    gets: requests('GET', 'GET of a key', 'HEAD', 'LIST'),
    keyGets: requests('GET of a key'),
    bytesIn: sum(Object.values(storage).map(({ bytesIn }) => bytesIn)),
    bytesOut: sum(Object.values(storage).map(({ bytesOut }) => bytesOut)),
    cpuSeconds: total(({ activities }) =>
      sum(
        Object.values(activities)
          .filter(({ queue }) => queue === 'cpu')
          .map(({ count, runMs }) => (count * runMs) / 1000),
      ),
    ),
  }
}

export type Cost = ReturnType<typeof costOf>

const lines: readonly (readonly [string, (cost: Cost) => number])[] = [
  ['events in histories', ({ events }) => events],
  ['bytes of histories', ({ historyBytes }) => historyBytes],
  ['state transitions', ({ stateTransitions }) => stateTransitions],
  ['largest payload, bytes, encrypted', ({ largestPayload }) => largestPayload],
  ['workflow tasks', ({ workflowTasks }) => workflowTasks],
  ['tasks on the cpu queue', ({ cpuTasks }) => cpuTasks],
  ['tasks on the gpu queue', ({ gpuTasks }) => gpuTasks],
  ['actions', ({ actions }) => actions],
  ['actions that are heartbeats', ({ heartbeats }) => heartbeats],
  ["requests to Temporal's frontend", ({ frontend }) => frontend],
  ['writes of executions to the database', ({ executionWrites }) => executionWrites],
  ['writes to the visibility store', ({ visibilityWrites }) => visibilityWrites],
  ['storage: PUT and DELETE', ({ puts }) => puts],
  ['storage: GET, HEAD and LIST', ({ gets }) => gets],
  ['storage: reads of the data key', ({ keyGets }) => keyGets],
  ['bytes to storage', ({ bytesIn }) => bytesIn],
  ['bytes from storage', ({ bytesOut }) => bytesOut],
  ['seconds of CPU steps', ({ cpuSeconds }) => cpuSeconds],
]

/** Three digits: nothing here is known better. */
const brief = (value: number): string => {
  const rounded = Number(value.toPrecision(3))
  return rounded.toLocaleString('en', { maximumFractionDigits: rounded < 10 ? 2 : 1 })
}

/** A prediction of each case. */
export const costTable = (cases: readonly CostCase[]): string =>
  table(
    ['per prediction', ...cases.map(({ name }) => name)],
    lines.map(([name, of]) => [name, ...cases.map((one) => brief(of(costOf(one))))]),
  )

const fixed = new Set(['largest payload, bytes, encrypted'])

/** The same per second, at given rates. */
export const rateTable = (one: CostCase, rates: readonly number[]): string =>
  table(
    ['per second', ...rates.map((rate) => (rate === 1 ? '1 prediction' : `${rate.toLocaleString('en')} predictions`))],
    lines
      .filter(([name]) => !fixed.has(name))
      .map(([name, of]) => [name, ...rates.map((rate) => brief(rate * of(costOf(one))))]),
  )
