import type { PredictionAdmin, Standing } from '../../temporal/prediction-admin.ts'

/** Runs of workflows by their ids, newest last. */
export type FakeWorkflows = Record<string, Standing[]>

/** What cleaning up needs of Temporal, from memory. */
export const createFakeAdmin = (workflows: FakeWorkflows = {}, expired: readonly string[] = []) => {
  const calls: string[] = []
  const end = (id: string) => {
    const runs = workflows[id] ?? []
    workflows[id] = runs.map(({ runId }) => ({ runId, running: false, endedAt: new Date() }))
  }
  const admin = {
    workflows,
    /** What was asked to change, in its order. */
    calls,
    end,
    /** What a canceled workflow does. */
    onCancel: (_id: string): unknown => undefined,
    standing: async (id: string, runId?: string) =>
      runId === undefined ? workflows[id]?.at(-1) : workflows[id]?.find((run) => run.runId === runId),
    cancel: async (id: string) => {
      calls.push(`cancel ${id}`)
      admin.onCancel(id)
    },
    terminate: async (id: string) => {
      calls.push(`terminate ${id}`)
      end(id)
    },
    runs: async (id: string) => (workflows[id] ?? []).map(({ runId }) => runId),
    deleteRun: async (id: string, runId: string) => {
      calls.push(`delete ${id} ${runId}`)
      workflows[id] = (workflows[id] ?? []).filter((run) => run.runId !== runId)
    },
    listExpired: async function* (after: number, until: number) {
      calls.push(`expired ${after} ${until}`)
      yield* expired
    },
  }
  return admin satisfies PredictionAdmin
}

export type FakeAdmin = ReturnType<typeof createFakeAdmin>
