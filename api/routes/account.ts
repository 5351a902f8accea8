import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { tenantWebhookSecrets } from '../../contracts/tenant-secret.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { jsonOf, problems } from '../document.ts'
import { createRouter } from '../router.ts'

const accountRoute = createRoute({
  method: 'get',
  path: '/account',
  operationId: 'account.get',
  summary: 'Get the tenant of the token',
  responses: {
    200: jsonOf(
      z
        .object({
          type: z.literal('organization'),
          username: z.string(),
          name: z.string(),
          github_url: z.url().nullable(),
        })
        .openapi('Account'),
      'The tenant',
    ),
    ...problems(),
  },
})

const secretRoute = createRoute({
  method: 'get',
  path: '/webhooks/default/secret',
  operationId: 'webhooks.default.secret.get',
  summary: "Get the secret that signs the tenant's webhooks; during a rotation, the newer one",
  responses: { 200: jsonOf(z.object({ key: z.string() }), 'The secret'), ...problems() },
})

export const createAccountRoutes = ({ webhookSecrets }: ApiDeps): OpenAPIHono<ApiEnv> => {
  const app = createRouter()
  app.openapi(accountRoute, (c) => {
    const tenant = c.get('tenant')
    return c.json({ type: 'organization', username: tenant, name: tenant, github_url: null } as const, 200)
  })
  app.openapi(secretRoute, async (c) => {
    const [key = ''] = await tenantWebhookSecrets(webhookSecrets, c.get('tenant'))
    return c.json({ key }, 200, { 'cache-control': 'no-store' })
  })
  return app
}
