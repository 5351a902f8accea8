import type { IncomingMessage } from 'node:http'
import { limits } from '../contracts/limits.ts'
import { within } from '../lib/within.ts'

/** How long an answer waits for a body that nobody wants before the connection is closed. */
const lingerMs = 5_000

/** Reads what a request still sends and throws it away. Ends with the body, or with the client. */
const drain = async (body: ReadableStream<Uint8Array> | null): Promise<void> => {
  if (!body || body.locked) return
  const reader = body.getReader()
  try {
    while (!(await reader.read()).done);
  } catch {
    // The client has gone.
  }
}

/** Sends the whole answer, and ends it when `done` does: the server closes the connection then, and not before. */
const endAfter = async (response: Response, done: () => Promise<void>): Promise<Response> => {
  const bytes = new Uint8Array(await response.arrayBuffer())
  const headers = new Headers(response.headers)
  headers.set('connection', 'close')
  headers.set('content-length', `${bytes.length}`)
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes),
    pull: async (controller) => {
      await done()
      controller.close()
    },
  })
  return new Response(body, { status: response.status, headers })
}

/**
 * An answer that was made before the request's body has been read, as most refusals are, must not break the next request on
 * the connection (RFC 9112, 9.6). A body of an announced size that a request may have is read and thrown away. Any other may
 * never end: the answer then says `Connection: close`, and the connection stays open for a moment, because a client that is
 * still sending would see a reset instead of the response.
 */
export const settleBody = async (
  response: Response,
  request: Request,
  incoming: Pick<IncomingMessage, 'complete' | 'headers'>,
): Promise<Response> => {
  if (incoming.complete) return response
  // Not a number if the body is chunked.
  if (Number(incoming.headers['content-length']) <= limits.requestBytes) {
    void drain(request.body)
    return response
  }
  return endAfter(response, async () => {
    await within(drain(request.body), lingerMs, undefined)
  })
}
