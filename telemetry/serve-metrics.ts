import { once } from 'node:events'
import { createServer } from 'node:http'
import { isLoopback, mayAnswer } from '../lib/loopback.ts'

const contentType = 'text/plain; version=0.0.4; charset=utf-8'

export interface MetricsServer {
  readonly url: string
  close(): Promise<void>
}

/** `GET /metrics`, and nothing else; resolves when it listens. It does not keep the process from ending. */
export const serveMetrics = async (
  { host, port }: { host: string; port: number },
  render: () => Promise<string>,
): Promise<MetricsServer> => {
  const server = createServer(async ({ method, url, headers }, response) => {
    if (isLoopback(host) && !mayAnswer(headers.host)) return response.writeHead(421).end()
    if (url?.split('?')[0] !== '/metrics') return response.writeHead(404).end()
    if (method !== 'GET' && method !== 'HEAD') return response.writeHead(405, { allow: 'GET, HEAD' }).end()
    try {
      const text = await render()
      response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text)
    } catch {
      response.writeHead(500).end()
    }
  })
  server.listen(port, host)
  // Rejects where the server has an error first.
  await once(server, 'listening').catch((cause) => {
    throw new Error(`Cannot listen on ${host}:${port} for IDEM_METRICS_PORT`, { cause })
  })
  server.unref()
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      // A scraper keeps its connection open.
      server.closeAllConnections()
      await closed
    },
  }
}
