import type { Client } from '@temporalio/client'
import proto, { type temporal } from '@temporalio/proto'
import { failures } from '../../contracts/failures.ts'
import { isTerminal, type PredictionStatus } from '../../contracts/prediction.ts'
import { statusOf } from '../../contracts/prediction-view.ts'
import type { PredictionRecord } from '../../contracts/record.ts'
import type { ListPage, ListPosition, ListQuery } from '../orchestrator.ts'
import { compareNewest, findAtEnd, type Visibility } from './newest-first.ts'
import { toNanos } from './read-history.ts'

type Info = temporal.api.workflow.v1.IWorkflowExecutionInfo

interface ListedInfo extends ListPosition {
  info: Info
}

/** A record, and where the list has it: a description's times are finer than the store's. */
interface Listed {
  at: ListPosition
  record: PredictionRecord
}

const { WORKFLOW_EXECUTION_STATUS_RUNNING } = proto.temporal.api.enums.v1.WorkflowExecutionStatus

// The server's own bound of a page.
const visibilityPage = 1000
/** How many histories are read at a time for one page. */
const readsAtOnce = 16
const maxDate = Date.UTC(9999, 0)

const workflowTypes = '"generateFaces","embedFaces"'
const deadline = `IdemFailure = "${failures.deadlineExceeded}"`
const statusQueries: Record<PredictionStatus, string> = {
  starting: 'ExecutionStatus = "Running"',
  processing: 'ExecutionStatus = "Running"',
  succeeded: 'ExecutionStatus = "Completed"',
  canceled: `(ExecutionStatus = "Canceled" OR ${deadline})`,
  failed: `ExecutionStatus IN ("Failed","TimedOut","Terminated") AND (IdemFailure IS NULL OR NOT ${deadline})`,
}

const position = (info: Info): ListedInfo => ({
  createdNanos: toNanos(info.startTime),
  id: info.execution?.workflowId ?? '',
  info,
})

const milliseconds = ({ createdNanos }: ListPosition): number => Number(createdNanos.slice(0, -6))

export interface ListDeps {
  client: Client
  call<T>(what: string, run: () => Promise<T>): Promise<T>
  read(id: string): Promise<PredictionRecord | undefined>
  /** The record of an execution that has ended, whose description is the list's. */
  readEnded(info: Info): Promise<PredictionRecord | undefined>
}

/** Pages of a tenant's predictions, newest first, from the visibility store. */
export const createListPredictions = ({ client, call, read, readEnded }: ListDeps) => {
  const service = client.connection.workflowService
  const { namespace } = client.options

  const visibilityOf = (filter: string): Visibility<ListedInfo> => {
    const query = (from: number, to: number) =>
      // The store keeps less than nanoseconds: what it rounds away stays within the next millisecond.
      `${filter} AND StartTime >= "${new Date(from).toISOString()}" AND StartTime < "${new Date(to + 1).toISOString()}"`
    return {
      count: (from, to) =>
        call('count predictions', async () =>
          Number((await service.countWorkflowExecutions({ namespace, query: query(from, to) })).count ?? 0),
        ),
      list: async (from, to) => {
        const found: ListedInfo[] = []
        let nextPageToken: Uint8Array | undefined
        do {
          const page = await call('list predictions', () =>
            service.listWorkflowExecutions({
              namespace,
              query: query(from, to),
              pageSize: visibilityPage,
              ...(nextPageToken && { nextPageToken }),
            }),
          )
          found.push(...(page.executions ?? []).map(position))
          nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
        } while (nextPageToken)
        return found
      },
    }
  }

  const readAll = async (listed: readonly ListedInfo[]): Promise<Listed[]> => {
    const found: Listed[] = []
    for (let start = 0; start < listed.length; start += readsAtOnce) {
      const some = listed.slice(start, start + readsAtOnce)
      const records = await Promise.all(
        some.map(({ id, info }) => (info.status === WORKFLOW_EXECUTION_STATUS_RUNNING ? read(id) : readEnded(info))),
      )
      // Some may have been erased since they were listed.
      for (const [index, record] of records.entries()) if (record) found.push({ at: some[index]!, record })
    }
    return found
  }

  return async (query: ListQuery): Promise<ListPage> => {
    const { tenant, status, createdAfter, createdBefore, newerThan, olderThan, limit } = query
    const filter = `IdemTenant = "${tenant}" AND WorkflowType IN (${workflowTypes})${status ? ` AND ${statusQueries[status]}` : ''}`
    const visibility = visibilityOf(filter)
    const from = createdAfter?.getTime() ?? 0
    const to = createdBefore ? createdBefore.getTime() - 1 : maxDate
    const end = newerThan ? 'oldest' : 'newest'

    let bound = newerThan ?? olderThan
    let listed: Listed[] = []
    let more = false
    for (;;) {
      const stretch = {
        from: newerThan && bound ? Math.max(from, milliseconds(bound)) : from,
        to: !newerThan && bound ? Math.min(to, milliseconds(bound)) : to,
        end,
        // One more tells whether there is another page.
        limit: limit + 1,
      } as const
      const now = Date.now()
      const reach = stretch.to === maxDate ? { ...stretch, to: Math.max(now + 60_000, stretch.from) } : stretch
      const found = (await findAtEnd(visibility, reach)).filter(
        (item) => !bound || (newerThan ? compareNewest(item, bound) < 0 : compareNewest(item, bound) > 0),
      )
      const wanted = limit - listed.length
      const taken = newerThan ? found.slice(-wanted) : found.slice(0, wanted)
      more = found.length > taken.length
      const read = await readAll(taken)
      // Starting and processing are told apart by what the steps do, which only the record says.
      const kept = status && !isTerminal(status) ? read.filter(({ record }) => statusOf(record) === status) : read
      listed = newerThan ? [...kept, ...listed] : [...listed, ...kept]
      const last = newerThan ? taken[0] : taken.at(-1)
      if (!last || !more || listed.length >= limit) break
      bound = last
    }

    const place = (one: Listed | undefined) => one && { createdNanos: one.at.createdNanos, id: one.at.id }
    const newest = place(listed[0])
    const oldest = place(listed.at(-1))
    const hasNewer = newerThan ? more : olderThan !== undefined
    const hasOlder = newerThan ? true : more
    return {
      records: listed.map(({ record }) => record),
      ...(hasNewer && newest && { newer: newest }),
      ...(hasOlder && oldest && { older: oldest }),
    }
  }
}
