import type { Stand } from './api-stand.ts'
import { createHttp, type Http } from './http.ts'
import { type Load, load, summary } from './load.ts'
import { startBare } from './start-bare.ts'

const bare = 'workflow.start'
const callerCounts = [1, 10, 100]

/** Rows of one table: what was called, by how many callers, and how it went. */
export interface RequestRow extends Load {
  readonly what: string
  readonly callers: number
}

interface Measured {
  what: string
  call: (stand: Stand, http: Http) => () => Promise<unknown>
  /** Brings back quiet after each load. */
  after?: (stand: Stand) => Promise<void>
}

const measure = async (stand: Stand, ms: number, { what, call, after }: Measured): Promise<RequestRow[]> => {
  const rows: RequestRow[] = []
  for (const callers of callerCounts) {
    const http = createHttp(stand.url, callers)
    rows.push({ what, callers, ...(await load(callers, { ms }, call(stand, http))) })
    await http.close()
    await after?.(stand)
  }
  return rows
}

const health: Measured = { what: 'GET /healthz', call: (_, http) => () => http.get('/healthz') }

/** Starts by the client alone, and creation through the API; `after` cleans up between the loads. */
const measureStarts = async (
  stand: Stand,
  ms: number,
  after: (stand: Stand) => Promise<void>,
): Promise<RequestRow[]> => [
  ...(await measure(stand, ms, {
    what: bare,
    call:
      ({ client }) =>
      () =>
        startBare(client),
    after,
  })),
  ...(await measure(stand, ms, { what: 'create', call: (_, http) => () => http.create(), after })),
]

/** Creation by itself, with no workers that take the machine's time; what was created is ended at once. */
export const measureCreate = async (stand: Stand, ms: number): Promise<RequestRow[]> => [
  ...(await measure(stand, ms, health)),
  ...(await measureStarts(stand, ms, ({ terminateAll }) => terminateAll())),
]

/** The same while workers run what is created. */
export const measureCreateBusy = (stand: Stand, ms: number): Promise<RequestRow[]> =>
  measureStarts(stand, ms, ({ drain }) => drain())

/** Makes predictions until there are so many. They are ended before a worker takes them: only their number matters. */
export const fill = async (stand: Stand, wanted: number): Promise<void> => {
  for (let missing = wanted - (await stand.count()); missing > 0; missing = wanted - (await stand.count())) {
    await load(20, { calls: Math.min(missing, 1000) }, () => startBare(stand.client))
    await stand.terminateAll()
    console.error(`${await stand.count()} predictions`)
  }
}

/** Makes predictions to the end until there are so many. */
export const fillDone = async (stand: Stand, wanted: number): Promise<void> => {
  const missing = wanted - (await stand.countDone())
  if (missing <= 0) return
  await load(10, { calls: missing }, () => startBare(stand.client))
  await stand.drain()
}

interface Page {
  next: string | null
  results: { id: string }[]
}

const walkedPages = 20

/** Pages from the newest on; ids of all, and the time of each page. */
const walk = async (stand: Stand) => {
  const http = createHttp(stand.url, 1)
  const ids: string[] = []
  let path: string | undefined = '/v1/predictions?limit=100'
  const times: number[] = []
  while (path && times.length < walkedPages) {
    const start = performance.now()
    const page = JSON.parse(await http.get(path)) as Page
    times.push(performance.now() - start)
    ids.push(...page.results.map(({ id }) => id))
    path = page.next ? page.next.slice(stand.url.length) : undefined
  }
  await http.close()
  return { ids, pages: summary(times) }
}

export const measureReads = async (stand: Stand, ms: number): Promise<RequestRow[]> => {
  const http = createHttp(stand.url, 1)
  const first = await load(1, { calls: 1 }, () => http.get('/v1/predictions'))
  await http.close()
  const { ids, pages } = await walk(stand)
  // The newest have been made to the end: theirs are the long histories.
  const newest = ids.slice(0, 500)
  const randomPath = () => `/v1/predictions/${newest[Math.floor(Math.random() * newest.length)]}`
  const get = (what: string, path: () => string) =>
    measure(stand, ms, { what, call: (_, client) => () => client.get(path()) })
  return [
    ...(await measure(stand, ms, health)),
    ...(await get('get', randomPath)),
    { what: 'list of 100, first one after the start', callers: 1, ...first },
    { what: `list of 100, ${pages.count} pages`, callers: 1, ...pages },
    ...(await get('list of 20', () => '/v1/predictions?limit=20')),
    ...(await get('list of 100', () => '/v1/predictions')),
  ]
}
