import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { generate } from 'selfsigned'

/** TLS on a port of its own before an HTTP server that may be started later, as a proxy of a real deployment has it. */
export const startTlsFront = async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  })
  const front = {
    url: '',
    /** The certificate, PEM. */
    cert,
    /** host:port of the server behind. */
    target: '',
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  const server = createServer({ key, cert }, (incoming, response) => {
    const { method, headers, url } = incoming
    const outgoing = request(`http://${front.target}`, { path: url, method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      // Streams are told as they come.
      response.flushHeaders()
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  front.url = `https://localhost:${(server.address() as AddressInfo).port}`
  return front
}
