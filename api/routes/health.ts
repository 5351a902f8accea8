import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Queue } from '../../contracts/queues.ts'
import { briefly } from '../../lib/briefly.ts'
import { createWriteProbe } from '../../storage/write-probe.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { jsonOf } from '../document.ts'
import { createRouter } from '../router.ts'

const checkSchema = z.enum(['ok', 'away', 'no worker'])
const readinessSchema = z
  .object({
    status: z.enum(['ready', 'not ready']),
    checks: z.object({
      temporal: checkSchema,
      storage: checkSchema,
      control: checkSchema,
      cpu: checkSchema,
      gpu: checkSchema,
    }),
  })
  .openapi('Readiness')

const routes = {
  healthz: createRoute({
    method: 'get',
    path: '/healthz',
    operationId: 'healthz',
    security: [],
    summary: 'Check that the process is running',
    responses: { 200: jsonOf(z.object({ status: z.literal('ok') }), 'The process is running') },
  }),
  readyz: createRoute({
    method: 'get',
    path: '/readyz',
    operationId: 'readyz',
    security: [],
    summary: 'Check that predictions can run: Temporal and storage respond, and each queue has a worker',
    responses: { 200: jsonOf(readinessSchema, 'Ready'), 503: jsonOf(readinessSchema, 'Not ready') },
  }),
}

/** A store that takes longer is reported as `away`. */
const storageProbe = { timeoutMs: 1_500, freshMs: 2_000 }
const readinessMs = 1_000

/** `readyQueues` are the queues that need a worker. Leave out queues whose workers start on demand. */
export const createHealthRoutes = (
  { orchestrator, store, sharedWatch = true }: ApiDeps,
  { readyQueues }: { readyQueues: readonly Queue[] },
): OpenAPIHono<ApiEnv> => {
  const storageWorks = createWriteProbe(store, { ...storageProbe, shared: sharedWatch })

  const checkReadiness = async () => {
    const [unpolled, storage] = await Promise.all([
      orchestrator.unpolledQueues().catch(() => undefined),
      storageWorks(),
    ])
    const queue = (name: Queue) => (unpolled === undefined ? 'away' : unpolled.includes(name) ? 'no worker' : 'ok')
    const checks = {
      temporal: unpolled === undefined ? 'away' : 'ok',
      storage: storage ? 'ok' : 'away',
      control: queue('control'),
      cpu: queue('cpu'),
      gpu: queue('gpu'),
    } as const
    const ready =
      checks.temporal === 'ok' && checks.storage === 'ok' && readyQueues.every((name) => checks[name] === 'ok')
    return { ready, checks }
  }
  // Five calls for each request would let anyone keep Temporal busy.
  const readiness = briefly(checkReadiness, { forMs: readinessMs, shared: sharedWatch })

  const app = createRouter()
  app.openapi(routes.healthz, (c) => c.json({ status: 'ok' } as const, 200))
  app.openapi(routes.readyz, async (c) => {
    const { ready, checks } = await readiness()
    return ready
      ? c.json({ status: 'ready', checks } as const, 200)
      : c.json({ status: 'not ready', checks } as const, 503)
  })
  return app
}
