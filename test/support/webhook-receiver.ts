import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { listenOnLoopback } from './listen-on-loopback.ts'

export interface Delivery {
  at: number
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** A real HTTP server that keeps what it is sent. Answers 204 unless `answer` does something else. */
export const startReceiver = async () => {
  const deliveries: Delivery[] = []
  const receiver = {
    url: '',
    deliveries,
    answer: (_delivery: Delivery, response: ServerResponse): void => void response.writeHead(204).end(),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  const server = createServer(async (request, response) => {
    const delivery: Delivery = {
      at: Date.now(),
      path: request.url ?? '',
      headers: request.headers,
      body: await text(request),
    }
    deliveries.push(delivery)
    receiver.answer(delivery, response)
  })
  const port = await listenOnLoopback(server)
  receiver.url = `http://127.0.0.1:${port}/hook`
  return receiver
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>
