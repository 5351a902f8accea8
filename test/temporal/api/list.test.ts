import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Prediction } from '../../../contracts/prediction.ts'
import { eventually } from '../../support/eventually.ts'
import { createGates } from '../../support/gates.ts'
import { resetWorkflow } from '../../support/reset.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

interface Page {
  previous: string | null
  next: string | null
  results: Prediction[]
}

let api: TestApi
/** Newest first. */
const ids: string[] = []
/** Predictions with this seed are held while they diffuse. */
const held = 999
const gates = createGates()

const counts = { succeeded: 5, failed: 1, canceled: 1, processing: 1, starting: 0 }

/** A list may be refused for a moment where much runs at the same time. */
const list = (query = '') =>
  eventually(async () => {
    const response = await api.request(`/v1/predictions${query}`)
    expect(response.status).not.toBe(503)
    return api.json<Page>(response)
  })
const follow = (url: string | null) => list(new URL(url ?? '').search)
const make = async (body: object, headers = {}) => {
  const prediction = await api.json(api.post(body, headers))
  ids.unshift(prediction.id)
  return prediction
}

beforeAll(async () => {
  const generate = async ({ predictionId, seeds: [seed] }: { predictionId: string; seeds: number[] }) => {
    if (seed === held) await gates.pass(predictionId)
  }
  api = await startApi({}, { generate })
  for (let i = 0; i < 5; i++) await make({ input: { input_image: photo, num_images: 1 } }, { prefer: 'wait' })
  await make({ input: { input_image: 'https://example.com/missing.jpg' } }, { prefer: 'wait' })
  const canceled = await make({ input: { input_image: photo, seed: held } })
  await api.request(`/v1/predictions/${canceled.id}/cancel`, { method: 'POST' })
  gates.open(canceled.id)
  // The last one stays in the middle of its diffusion.
  await make({ input: { input_image: photo, seed: held } })
  // The list follows a little after what has happened.
  for (const [status, count] of Object.entries(counts)) {
    await eventually(async () => expect((await list(`?status=${status}`)).results).toHaveLength(count))
  }
  await eventually(async () => expect((await list()).results).toHaveLength(8))
})
afterAll(async () => {
  gates.openAll()
  await api.stop()
})

describe('the list of predictions', () => {
  it('is newest first, and shows each as it is shown alone', async () => {
    const { results, previous, next } = await list()
    expect(results.map(({ id }) => id)).toEqual(ids)
    expect([previous, next]).toEqual([null, null])
    const ended = results.filter(({ completed_at }) => completed_at)
    for (const shown of ended) {
      const alone = await api.json(api.request(`/v1/predictions/${shown.id}`))
      const { output: _, ...rest } = alone
      expect(shown).toMatchObject(rest)
    }
  })

  it('has pages that follow each other in both directions', async () => {
    const first = await list('?limit=3')
    const second = await follow(first.next)
    const third = await follow(second.next)
    const shown = [first, second, third].map(({ results }) => results.map(({ id }) => id))
    expect(shown).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)])
    expect([first.previous, third.next]).toEqual([null, null])
    const back = await follow(third.previous)
    expect(back.results.map(({ id }) => id)).toEqual(ids.slice(3, 6))
    const start = await follow(back.previous)
    expect(start.results.map(({ id }) => id)).toEqual(ids.slice(0, 3))
    expect(start.previous).toBeNull()
    expect(start.next).toContain('limit=3')
  })

  it.each(Object.entries(counts))('filters by status %s', async (status, count) => {
    const { results } = await list(`?status=${status}`)
    expect(results.map((prediction) => prediction.status)).toEqual(Array.from({ length: count }, () => status))
  })

  it('filters by status page by page', async () => {
    const first = await list('?status=succeeded&limit=2')
    const second = await follow(first.next)
    const third = await follow(second.next)
    expect([first, second, third].map(({ results }) => results.length)).toEqual([2, 2, 1])
    expect(third.next).toBeNull()
  })

  it('filters by time', async () => {
    const { results } = await list()
    const time = results[4]!.created_at
    const [after, before] = await Promise.all([list(`?created_after=${time}`), list(`?created_before=${time}`)])
    expect(after.results.map(({ id }) => id)).toEqual(ids.slice(0, 5))
    expect(before.results.map(({ id }) => id)).toEqual(ids.slice(5))
  })

  it.each(['limit=0', 'limit=101', 'limit=x', 'status=done', 'cursor=x', 'created_after=yesterday'])(
    'refuses %s and names it',
    async (query) => {
      const response = await api.request(`/v1/predictions?${query}`)
      expect(response.status).toBe(422)
      expect(await response.json()).toMatchObject({ errors: [{ loc: ['query', query.split('=')[0]] }] })
    },
  )
})

it('carries status and failure as search attributes for operators', async () => {
  const query = 'IdemStatus = "failed" AND IdemFailure = "photo_unreachable" AND IdemTenant = "local"'
  const found: string[] = []
  for await (const { workflowId } of api.client.workflow.list({ query })) found.push(workflowId)
  expect(found).toEqual([ids[2]])
})

it('has a prediction that an operator has reset once, as its latest run left it', async () => {
  // Fails before it needs the gpu queue, which the last one holds.
  const id = ids[2]!
  await resetWorkflow(api.client, id)
  await eventually(async () => expect((await list('?limit=1')).results[0]!.id).toBe(id))
  const rest = ids.filter((other) => other !== id)
  await eventually(async () => {
    const all = await list()
    expect(all.results.map((prediction) => prediction.id)).toEqual([id, ...rest])
    // Pages stay full.
    expect((await list('?limit=6')).results).toHaveLength(6)
  })
})
