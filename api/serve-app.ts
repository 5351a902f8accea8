import { type HttpBindings, serve } from '@hono/node-server'
import { listening } from '../lib/listen.ts'
import type { Access } from './access.ts'
import { clientAddress, type parseProxies } from './client-address.ts'
import { settleBody } from './unread-body.ts'

/** The client of a request that `serveApp` serves. */
export const nodeAddressOf =
  (trustedProxies: ReturnType<typeof parseProxies>): Access['addressOf'] =>
  (c) => {
    const { incoming } = c.env as HttpBindings
    return clientAddress(incoming.socket.remoteAddress, c.req.header('x-forwarded-for'), trustedProxies)
  }

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
