import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiDeps, ApiEnv } from '../../../api/deps.ts'
import { createRouter } from '../../../api/router.ts'
import { createUploadRoutes } from '../../../api/routes/files.ts'
import type { SealedStore } from '../../../storage/sealed-store.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'

const publicUrl = 'http://idem.test'

let artifacts: ActivityStore
/** Keys that have been read. */
const read: string[] = []
beforeAll(async () => {
  artifacts = await openActivityStore()
})
afterAll(() => artifacts.close())

/** The routes of uploads, for whichever tenant a request names. */
const routes = (options: Partial<ApiDeps> = {}) => {
  const store: SealedStore = {
    ...artifacts.store,
    get: (key, range) => {
      read.push(key)
      return artifacts.store.get(key, range)
    },
  }
  const app = createRouter()
  app.use(async (c, next) => {
    ;(c as unknown as { set(name: keyof ApiEnv['Variables'], value: string): void }).set(
      'tenant',
      c.req.header('tenant') ?? 'local',
    )
    await next()
  })
  app.route('/v1', createUploadRoutes({ store, publicUrl, retentionMs: 3_600_000, limits: {}, ...options } as ApiDeps))
  app.onError(
    (error) => (error as { toResponse?: () => Response }).toResponse?.() ?? new Response(`${error}`, { status: 500 }),
  )
  return {
    get: async (url: string, tenant: string) => app.request(url.replace(publicUrl, ''), { headers: { tenant } }),
    remove: async (id: string, tenant: string) =>
      app.request(`/v1/files/${id}`, { method: 'DELETE', headers: { tenant } }),
    upload: async (tenant: string, bytes = 5) => {
      const body = new FormData()
      body.set('content', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'me.jpg')
      return app.request('/v1/files', { method: 'POST', body, headers: { tenant } })
    },
  }
}

interface Page {
  previous: string | null
  next: string | null
  results: { id: string }[]
}

it('come in pages, newest first, forwards and back', async () => {
  const { get, upload } = routes()
  const uploaded: string[] = []
  for (let i = 0; i < 5; i++) uploaded.push(((await (await upload('pages')).json()) as { id: string }).id)
  const page = async (url: string) => (await (await get(url, 'pages')).json()) as Page
  const idsOf = ({ results }: Page) => results.map(({ id }) => id)
  const all = await page('/v1/files')
  expect(all).toMatchObject({ previous: null, next: null })
  const ids = idsOf(all)
  expect([...ids].sort()).toEqual(uploaded.sort())
  const first = await page('/v1/files?limit=2')
  expect([idsOf(first), first.previous]).toEqual([ids.slice(0, 2), null])
  const second = await page(first.next!)
  expect(idsOf(second)).toEqual(ids.slice(2, 4))
  const third = await page(second.next!)
  expect([idsOf(third), third.next]).toEqual([ids.slice(4), null])
  expect(idsOf(await page(third.previous!))).toEqual(ids.slice(2, 4))
  const start = await page(second.previous!)
  expect([idsOf(start), start.previous]).toEqual([ids.slice(0, 2), null])
})

it('are read only as far as the page shows them', async () => {
  const { get, upload } = routes()
  for (let i = 0; i < 6; i++) await upload('many')
  read.length = 0
  expect(((await (await get('/v1/files?limit=2', 'many')).json()) as Page).results).toHaveLength(2)
  expect(read.filter((key) => key.startsWith('uploads/'))).toHaveLength(2)
})

it.each(['limit=0', 'limit=101', 'cursor=nonsense'])('are not listed by %s', async (query) => {
  expect((await routes().get(`/v1/files?${query}`, 'local')).status).toBe(422)
})

describe('the bytes that a tenant stores', () => {
  const maxUploadBytes = 250_000
  const limited = () => routes({ limits: { maxUploadBytes } })

  it('are bounded also for requests at the same time, and deleting makes room', async () => {
    const { upload, get, remove } = limited()
    const responses = await Promise.all(Array.from({ length: 8 }, () => upload('greedy', 100_000)))
    expect(responses.map(({ status }) => status).sort()).toEqual([201, 201, 429, 429, 429, 429, 429, 429])
    const refused = responses.find(({ status }) => status === 429)!
    expect(refused.headers.get('retry-after')).toBe('60')
    expect((await upload('modest', 100_000)).status).toBe(201)
    // Another process counts what is stored.
    expect((await limited().upload('greedy', 100_000)).status).toBe(429)
    const { results } = (await (await get('/v1/files', 'greedy')).json()) as Page
    expect((await remove(results[0]!.id, 'greedy')).status).toBe(204)
    expect((await upload('greedy', 100_000)).status).toBe(201)
  })

  it('count at least 64 KiB each: many small files are a burden too', async () => {
    const { upload } = limited()
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push((await upload('small', 1)).status)
    expect(statuses).toEqual([201, 201, 201, 429])
  })
})
