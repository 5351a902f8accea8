import { once } from 'node:events'
import { connect } from 'node:net'
import { eventually } from './eventually.ts'

export interface RawResponse {
  status: number
  headers: Record<string, string>
  body: string
}

/** One HTTP/1.1 connection, written byte by byte: clients of the runtime hide what happens on it. */
export const openConnection = async (port: number) => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let received = ''
  let ended = false
  let reset: Error | undefined
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
  })
  socket.on('end', () => {
    ended = true
  })
  socket.on('error', (error) => {
    reset = error
  })

  const takeResponse = (): RawResponse => {
    const end = received.indexOf('\r\n\r\n')
    if (end === -1) throw reset ?? new Error(`No response yet: ${JSON.stringify(received.slice(0, 200))}`)
    const [line = '', ...lines] = received.slice(0, end).split('\r\n')
    const headers = Object.fromEntries(
      lines.map((text) => [text.slice(0, text.indexOf(':')).toLowerCase(), text.slice(text.indexOf(':') + 1).trim()]),
    )
    const length = Number(headers['content-length'])
    if (received.length < end + 4 + length) throw new Error('The body of the response is not complete yet')
    const body = received.slice(end + 4, end + 4 + length)
    received = received.slice(end + 4 + length)
    return { status: Number(line.split(' ')[1]), headers, body }
  }

  return {
    /** Resolves when it has been handed to the system. */
    write: (bytes: string | Uint8Array) =>
      new Promise<void>((resolve) => {
        socket.write(bytes, () => resolve())
      }),
    /** The next response, with its whole body. */
    response: () => eventually(takeResponse),
    /** Resolves when the server has ended the connection, with the error if it did so by a reset. */
    ended: () =>
      eventually(() => {
        if (!ended && !reset) throw new Error('The connection is open')
        return { reset }
      }),
    close: () => socket.destroy(),
  }
}
