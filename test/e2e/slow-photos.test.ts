import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { limits } from '../../contracts/limits.ts'
import type { Prediction } from '../../contracts/prediction.ts'
import { eventually } from '../support/eventually.ts'
import { listenOnLoopback } from '../support/listen-on-loopback.ts'
import { samplePhoto } from '../support/sample-photo.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'

/** Of one tenant, on one worker: `fetchesAtOnce` in worker/workers.ts. */
const fetchesOfATenant = 4

/** Photos that never end, and come just fast enough not to be given up. */
const server = createServer((_, response) => {
  open++
  most = Math.max(most, open)
  const timer = setInterval(() => response.write(Buffer.alloc(16_384)), 250)
  response.on('close', () => {
    open--
    clearInterval(timer)
  })
})
let open = 0
let most = 0
let slowPhoto: string
let stack: TestStack

beforeAll(async () => {
  slowPhoto = `http://127.0.0.1:${await listenOnLoopback(server)}/photo`
  stack = await startTestStack({ tenants: ['slow', 'other'] })
})
afterAll(async () => {
  await stack?.stop()
  server.closeAllConnections()
  server.close()
})

const call = async (tenant: string, path: string, init: RequestInit = {}): Promise<Prediction> => {
  const headers = { authorization: `Bearer ${stack.tokens[tenant]}`, 'content-type': 'application/json' }
  const response = await fetch(`${stack.apiUrl}/v1/${path}`, { ...init, headers: { ...headers, ...init.headers } })
  return (await response.json()) as Prediction
}
const predict = (tenant: string, input: object, headers: Record<string, string> = {}) =>
  call(tenant, 'models/idem/arc2face/predictions', { method: 'POST', headers, body: JSON.stringify({ input }) })

it("one tenant's slow photos hold up none of another's steps", async () => {
  const slow = await Promise.all(
    Array.from({ length: 3 }, () => predict('slow', { input_images: Array(limits.photos).fill(slowPhoto) })),
  )
  await eventually(async () => expect(open).toBeGreaterThanOrEqual(fetchesOfATenant))
  const input = { input_image: await samplePhoto('male_26.jpg'), num_images: 1, num_steps: 2 }
  const quick = await predict('other', input, { prefer: 'wait=60' })
  expect(quick).toMatchObject({ status: 'succeeded', error: null })
  for (const { id } of slow) expect(await call('slow', `predictions/${id}`)).toMatchObject({ completed_at: null })
  expect(most).toBe(fetchesOfATenant)
  for (const { id } of slow) await call('slow', `predictions/${id}/cancel`, { method: 'POST' })
})
