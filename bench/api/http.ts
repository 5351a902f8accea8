import { Pool } from 'undici'

export const createPath = '/v1/models/idem/arc2face/predictions'

/** A photo that nobody fetches: the workers of this measurement take any. */
const body = JSON.stringify({
  input: { input_image: 'https://example.com/portrait.jpg', num_images: 1, seed: 7 },
})

export interface Answer {
  readonly status: number
  readonly text: string
}

/** An HTTP client with so many connections, each kept open. */
export const createHttp = (url: string, connections: number) => {
  const pool = new Pool(url, { connections, headersTimeout: 120_000, bodyTimeout: 120_000 })
  const request = async (method: 'GET' | 'POST', path: string, headers = {}): Promise<Answer> => {
    const answer = await pool.request({
      method,
      path,
      headers: method === 'POST' ? { 'content-type': 'application/json', ...headers } : headers,
      body: method === 'POST' ? body : null,
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  const expected = async (answer: Promise<Answer>, status: number) => {
    const { status: actual, text } = await answer
    if (actual !== status) throw new Error(`${actual}: ${text.slice(0, 200)}`)
    return text
  }
  return {
    get: (path: string) => expected(request('GET', path), 200),
    create: (headers = {}) => expected(request('POST', createPath, headers), 201),
    request,
    close: () => pool.close(),
  }
}

export type Http = ReturnType<typeof createHttp>
