import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { generate } from 'selfsigned'
import { Agent, FormData as UndiciFormData, fetch as undiciFetch } from 'undici'
import { listenOnLoopback } from './listen-on-loopback.ts'

/** HTTPS on loopback in front of an HTTP server, as a reverse proxy does it, and a `fetch` that trusts it. */
export const startTlsProxy = async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  })
  const proxy = {
    url: '',
    /** The certificate, PEM. */
    cert,
    /** URL of the server behind, which may be started later. */
    target: '',
    /** Paths that are answered 502. */
    broken: new Set<string>(),
    fetch: undefined as never as typeof fetch,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await agent.close()
    },
  }
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    if (proxy.broken.has(incoming.url ?? '')) {
      incoming.resume()
      return void outgoing.writeHead(502).end()
    }
    const { method, headers } = incoming
    const forwarded = request(`${proxy.target}${incoming.url}`, { method, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      // Streams are told as they come.
      outgoing.flushHeaders()
      answer.pipe(outgoing)
    })
    forwarded.on('error', () => outgoing.destroy())
    outgoing.on('close', () => forwarded.destroy())
    incoming.pipe(forwarded)
  })
  const port = await listenOnLoopback(server)
  const agent = new Agent({ connect: { ca: cert } })
  proxy.url = `https://localhost:${port}`
  proxy.fetch = ((input: string, init: RequestInit = {}) => {
    // undici knows its own forms only.
    let body = init.body as unknown
    if (body instanceof FormData) {
      const form = new UndiciFormData()
      for (const [name, part] of body) form.append(name, part as never)
      body = form
    }
    return undiciFetch(input, { ...(init as object), body: body as never, dispatcher: agent })
  }) as never
  return proxy
}
