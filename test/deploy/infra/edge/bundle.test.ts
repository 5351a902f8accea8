import { expect, it, vi } from 'vitest'
import { bundleEdge } from '../../../../infra/edge/bundle-edge.ts'
import { readEdgeSettings } from '../../../../infra/edge/wrangler-settings.ts'
import { bundle } from '../../../support/test-api.ts'

const made = await bundleEdge()

/** A Worker may have 3 MB after compression on the smallest plan; ours stays far below. */
const mostGzipBytes = 250_000

it('is one module that imports nothing: no builtin of Node, no package', () => {
  console.log(`edge bundle: ${made.bytes} bytes, ${made.gzipBytes} with gzip`)
  expect(made.imports).toEqual([])
  expect(made.code).not.toMatch(/["'`]node:/)
  expect(made.code).not.toMatch(/\brequire\s*\(\s*["']/)
  expect(made.gzipBytes).toBeLessThan(mostGzipBytes)
})

it('has none of what only Node can run', () => {
  for (const name of ['grpc-js', 'pino', 'swagger-ui-dist', 'RateLimiterMemory', 'protobufjs']) {
    expect([name, made.code.includes(name)]).toEqual([name, false])
  }
})

/** Loads the bundle afresh, as a runtime does that calls its `fetch(request, env)`. */
const load = async () => {
  const url = `data:text/javascript;base64,${Buffer.from(`${made.code}\n// ${crypto.randomUUID()}`).toString('base64')}`
  const { default: worker } = (await import(/* @vite-ignore */ url)) as {
    default: { fetch(request: Request, env: Record<string, unknown>): Promise<Response> }
  }
  return worker
}

const env = {
  TEMPORAL_HTTP_URL: 'http://127.0.0.1:1',
  IDEM_PUBLIC_URL: 'https://api.example.com',
  IDEM_WEBHOOK_SECRET: `whsec_${btoa('9'.repeat(32))}`,
  IDEM_ENCRYPTION_KEYS: `a:${btoa('1'.repeat(32))}`,
  IDEM_STORAGE: 's3://idem?endpoint=http://127.0.0.1:1',
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
  IDEM_BUNDLE: JSON.stringify(bundle),
  IDEM_TOKENS: '{"tokens": []}',
  IDEM_LOG_LEVEL: 'error',
}

it('runs wherever there are Web standards, without Cloudflare', async () => {
  const worker = await load()
  const answer = await worker.fetch(new Request('http://127.0.0.1/healthz'), env)
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }])
})

it.each(['https://api.example.com', 'http://127.0.0.1', 'http://localhost:8787'])(
  'serves nothing without tokens, also as %s',
  async (origin) => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { IDEM_TOKENS: _, ...open } = env
    const worker = await load()
    for (const path of ['/healthz', '/v1/account', '/codec/decode']) {
      expect((await worker.fetch(new Request(`${origin}${path}`), open)).status).toBe(500)
    }
    expect(String(said.mock.calls)).toContain('IDEM_TOKENS is not set')
    said.mockRestore()
  },
)

it('lets in those with a token only', async () => {
  const worker = await load()
  expect((await worker.fetch(new Request('https://api.example.com/healthz'), env)).status).toBe(200)
  expect((await worker.fetch(new Request('https://api.example.com/v1/account'), env)).status).toBe(401)
})

it.each([
  ['IDEM_BUNDLE', undefined, 'IDEM_BUNDLE is not set'],
  ['IDEM_STORAGE', '', 'IDEM_STORAGE is not set'],
  ['IDEM_TOKENS', '{', 'IDEM_TOKENS is not valid JSON'],
  ['IDEM_TOKENS', '{"tokens": [{}]}', 'IDEM_TOKENS is malformed'],
  ['IDEM_MAX_RUNNING', 'many', 'IDEM_MAX_RUNNING is'],
])('says in its log what is wrong with %s, and nothing of it in answers', async (name, value, message) => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const answer = await (await load()).fetch(new Request('http://127.0.0.1/healthz'), { ...env, [name]: value })
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('IDEM_')
  expect(String(said.mock.calls)).toContain(message)
  said.mockRestore()
})

it('is deployed without the compatibility with Node that it does not need', async () => {
  const { compatibility_flags } = await readEdgeSettings()
  expect(compatibility_flags.filter((flag) => flag.includes('nodejs'))).toEqual([])
})
