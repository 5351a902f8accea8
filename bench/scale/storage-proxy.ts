import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { sleep } from '../../lib/sleep.ts'
import { listenOnLoopback } from '../../test/support/listen-on-loopback.ts'

export type StorageKind = 'PUT' | 'GET' | 'HEAD' | 'LIST' | 'DELETE' | 'POST' | 'PUT of a key' | 'GET of a key'

/** Requests by kind, and the bytes of their bodies. */
export type StorageCount = Partial<Record<StorageKind, { requests: number; bytesIn: number; bytesOut: number }>>

const keyFolder = /^\/[^/]+\/keys\//

/** S3 tells lists and deletes of many from gets and posts by the query alone. Keys of sealed artifacts are counted apart. */
export const kindOf = (method: string, url: string): StorageKind => {
  const { pathname, searchParams: query } = new URL(url, 'http://proxy')
  if (keyFolder.test(pathname) && (method === 'GET' || method === 'PUT')) return `${method} of a key`
  if (method === 'GET' && query.has('list-type')) return 'LIST'
  if (method === 'POST' && query.has('delete')) return 'DELETE'
  return method as StorageKind
}

/**
 * An HTTP proxy on loopback that counts what passes; the Host header stays, which S3's signatures cover. `setDelay` makes every
 * request wait, as a store that is further away does.
 */
export const startStorageProxy = async (target: { host: string; port: number }) => {
  let count: StorageCount = {}
  let delayMs = 0
  const server = createServer(async (incoming, outgoing) => {
    const kind = kindOf(incoming.method ?? 'GET', incoming.url ?? '/')
    count[kind] ??= { requests: 0, bytesIn: 0, bytesOut: 0 }
    const seen = count[kind]
    seen.requests += 1
    if (delayMs > 0) await sleep(delayMs)
    incoming.on('data', (chunk: Buffer) => {
      seen.bytesIn += chunk.length
    })
    const { method, url, headers } = incoming
    const onward = request({ ...target, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.on('data', (chunk: Buffer) => {
        seen.bytesOut += chunk.length
      })
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  const port = await listenOnLoopback(server)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    /** What has passed since the last call. */
    take: (): StorageCount => {
      const taken = count
      count = {}
      return taken
    },
    setDelay: (ms: number) => {
      delayMs = ms
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
