import { failures } from '../contracts/failures.ts'
import { isTerminal, type PredictionStatus } from '../contracts/prediction.ts'
import { statusOf } from '../contracts/prediction-status.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import { allSettled } from '../lib/all-settled.ts'
import { type ExecutionInfo, statusName, toNanos } from './messages.ts'
import { compareNewest, findAtEnd, type Visibility } from './newest-first.ts'
import type { ListPage, ListPosition, ListQuery } from './orchestrator.ts'
import type { ReadService } from './read-service.ts'

interface ListedInfo extends ListPosition {
  info: ExecutionInfo
}

/** A record, and where the list has it: a description's times are finer than the store's. */
interface Listed {
  at: ListPosition
  record: PredictionRecord
}

// The server's own bound of a page.
const visibilityPage = 1000
/** How many histories are read at a time for one page. */
const readsAtOnce = 16
const maxDate = Date.UTC(9999, 0)

/** A condition of a visibility query. */
const isOneOf = (attribute: string, values: readonly string[]): string =>
  `${attribute} IN (${values.map((value) => `"${value}"`).join(',')})`

const deadline = `IdemFailure = "${failures.deadlineExceeded}"`
const statusQueries: Record<PredictionStatus, string> = {
  starting: 'ExecutionStatus = "Running"',
  processing: 'ExecutionStatus = "Running"',
  succeeded: 'ExecutionStatus = "Completed"',
  canceled: `(ExecutionStatus = "Canceled" OR ${deadline})`,
  failed: `ExecutionStatus IN ("Failed","TimedOut","Terminated") AND (IdemFailure IS NULL OR NOT ${deadline})`,
}

const position = (info: ExecutionInfo): ListedInfo => ({
  createdNanos: toNanos(info.startTime),
  id: info.execution?.workflowId ?? '',
  info,
})

const milliseconds = ({ createdNanos }: ListPosition): number => Number(createdNanos.slice(0, -6))

export interface ListDeps {
  service: ReadService
  read(id: string): Promise<PredictionRecord | undefined>
  /** The record of an execution that has ended, whose description is the list's. */
  readEnded(info: ExecutionInfo): Promise<PredictionRecord | undefined>
}

/** Pages of a tenant's predictions, newest first, from the visibility store. */
export const createListPredictions = ({ service, read, readEnded }: ListDeps) => {
  const { call } = service

  const listAll = async (query: string): Promise<ListedInfo[]> => {
    const found: ListedInfo[] = []
    let token: string | Uint8Array | undefined
    do {
      const page = await call('list predictions', () =>
        service.list(query, { size: visibilityPage, ...(token && { token }) }),
      )
      found.push(...(page.executions ?? []).map(position))
      token = page.nextPageToken?.length ? page.nextPageToken : undefined
    } while (token)
    return found
  }

  const visibilityOf = (filter: string): Visibility<ListedInfo> => {
    const query = (from: number, to: number) =>
      // The store keeps less than nanoseconds: what it rounds away stays within the next millisecond.
      `${filter} AND StartTime >= "${new Date(from).toISOString()}" AND StartTime < "${new Date(to + 1).toISOString()}"`
    return {
      count: (from, to) => call('count predictions', () => service.count(query(from, to))),
      list: (from, to) => listAll(query(from, to)),
    }
  }

  /** Without the runs that an operator has reset: a prediction is what its latest run says. */
  const latestRuns = async (listed: readonly ListedInfo[]): Promise<ListedInfo[]> => {
    if (listed.length === 0) return []
    const ids = [...new Set(listed.map(({ id }) => id))]
    const latest = new Map<string, ListedInfo>()
    for (const run of await listAll(isOneOf('WorkflowId', ids))) {
      const before = latest.get(run.id)
      if (!before || BigInt(run.createdNanos) > BigInt(before.createdNanos)) latest.set(run.id, run)
    }
    // One that has gone since it was listed is found to be gone when it is read.
    return listed.filter(({ id, info }) => {
      const { execution } = latest.get(id)?.info ?? info
      return execution?.runId === info.execution?.runId
    })
  }

  const readAll = async (taken: readonly ListedInfo[], tenant: string): Promise<Listed[]> => {
    const listed = await latestRuns(taken)
    const found: Listed[] = []
    for (let start = 0; start < listed.length; start += readsAtOnce) {
      const some = listed.slice(start, start + readsAtOnce)
      const records = await allSettled(
        some.map(({ id, info }) => (statusName(info.status) === 'RUNNING' ? read(id) : readEnded(info))),
      )
      // Some may have been erased since they were listed. A search attribute proves nothing: the record says whose it is.
      for (const [index, record] of records.entries())
        if (record?.tenant === tenant) found.push({ at: some[index]!, record })
    }
    return found
  }

  return async (query: ListQuery): Promise<ListPage> => {
    const { tenant, models, status, createdAfter, createdBefore, newerThan, olderThan, limit } = query
    const filter = `IdemTenant = "${tenant}" AND ${isOneOf('IdemModel', models)}${status ? ` AND ${statusQueries[status]}` : ''}`
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
      const read = await readAll(taken, tenant)
      // Starting and processing are distinguished by what the steps do, which only the record says.
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
