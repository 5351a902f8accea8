import { once } from 'node:events'
import type { serve } from '@hono/node-server'

type Server = ReturnType<typeof serve>

/** Resolves when a server listens. Throws where it cannot; `asked` says what asked for it. */
export const listening = async (
  server: Server,
  { host, port }: { host: string; port: number },
  asked?: string,
): Promise<void> => {
  // Rejects where the server has an error first.
  await once(server, 'listening').catch((cause) => {
    throw new Error(`Cannot listen on ${host}:${port}${asked ? ` for ${asked}` : ''}`, { cause })
  })
}

/** Stops a server; connections that are still open after `graceMs` are closed, by default at once. */
export const close = async (server: Server, graceMs = 0): Promise<void> => {
  const closed = once(server, 'close')
  server.close()
  const cut = () => 'closeAllConnections' in server && server.closeAllConnections()
  const timer = graceMs > 0 ? setTimeout(cut, graceMs) : undefined
  if (!timer) cut()
  await closed
  clearTimeout(timer)
}
