import { type HttpBindings, serve } from '@hono/node-server'
import { listening } from '../lib/listen.ts'
import { settleBody } from './unread-body.ts'

/** Serves the app on a port of Node; resolves when it listens. Throws if it cannot. */
export const serveApp = async (
  app: { fetch: (request: Request, env: HttpBindings) => Response | Promise<Response> },
  { host, port }: { host: string; port: number },
) => {
  const server = serve({
    fetch: async (request, env) => {
      const { incoming } = env as HttpBindings
      return settleBody(await app.fetch(request, env as HttpBindings), request, incoming)
    },
    hostname: host,
    port,
    // Its own way gives a body half a second, and then closes a connection that was promised to stay open.
    autoCleanupIncoming: false,
  })
  await listening(server, { host, port })
  return server
}
