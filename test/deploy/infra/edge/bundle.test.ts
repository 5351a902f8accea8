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
  IDEM_LOG_LEVEL: 'error',
}

it('runs wherever there are Web standards, without Cloudflare', async () => {
  const worker = await load()
  const answer = await worker.fetch(new Request('http://127.0.0.1/healthz'), env)
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }])
})

it('lets nobody in by its public name where there are no tokens', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const worker = await load()
  expect((await worker.fetch(new Request('https://api.example.com/healthz'), env)).status).toBe(403)
  const closed = { ...env, IDEM_TOKENS: '{"tokens": []}' }
  const other = await load()
  expect((await other.fetch(new Request('https://api.example.com/healthz'), closed)).status).toBe(200)
  expect((await other.fetch(new Request('https://api.example.com/v1/account'), closed)).status).toBe(401)
  said.mockRestore()
})

it.each([
  ['IDEM_BUNDLE', undefined, 'IDEM_BUNDLE is not set'],
  ['IDEM_STORAGE', '', 'IDEM_STORAGE is not set'],
  ['IDEM_TOKENS', '{', 'IDEM_TOKENS is no JSON'],
  ['IDEM_TOKENS', '{"tokens": [{}]}', 'IDEM_TOKENS is not in order'],
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
