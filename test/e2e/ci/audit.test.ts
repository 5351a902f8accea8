import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listenOnLoopback } from '../../support/listen-on-loopback.ts'
import { type EndedProcess, runProcess } from '../../support/run-process.ts'

let server: Server
// npm remembers advisories by their ids.
let cache: string
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'idem-audit-'))
})
afterEach(async () => {
  server.close()
  await rm(cache, { recursive: true })
})

/** Runs the audit against a registry of ours. */
const audit = async (listener: RequestListener): Promise<EndedProcess> => {
  server = createServer(listener)
  const port = await listenOnLoopback(server)
  const npm = { registry: `http://127.0.0.1:${port}/`, cache, fetch_retries: '0' }
  const settings = Object.entries(npm).map(([name, value]) => [`npm_config_${name}`, value])
  const env = { ...process.env, ...Object.fromEntries(settings) }
  return runProcess('.ci/audit.sh', [], { env })
}

const advisory = (severity: string) => ({
  id: 1,
  url: 'https://advisories.test/1',
  title: 'It leaks',
  severity,
  vulnerable_versions: '*',
})

/** A registry with one advisory. */
const warnsOf =
  (name: string, severity: string): RequestListener =>
  (request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url !== '/-/npm/v1/security/advisories/bulk') return void response.writeHead(404).end('{}')
    response.end(JSON.stringify({ [name]: [advisory(severity)] }))
  }

describe('the audit', () => {
  it('passes where nothing is known, and asks for production packages alone', async () => {
    let asked: Record<string, string[]> = {}
    const { code, stdout } = await audit(async (request, response) => {
      const body = await buffer(request)
      asked = JSON.parse((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString())
      response.setHeader('content-type', 'application/json').end('{}')
    })
    expect(stdout).toMatch(/^audit: 0 vulnerable of \d+ packages$/m)
    expect(code).toBe(0)
    expect(asked).toHaveProperty('hono')
    expect(asked).not.toHaveProperty('vitest')
  })

  it.each(['moderate', 'high', 'critical'])('fails on a vulnerability that is %s, and says which', async (severity) => {
    const { code, stdout } = await audit(warnsOf('hono', severity))
    expect(stdout).toContain(`${severity}: hono`)
    expect(stdout).toContain('It leaks https://advisories.test/1')
    expect(code).toBe(1)
  })

  it('tells of a low one and passes', async () => {
    const { code, stdout } = await audit(warnsOf('hono', 'low'))
    expect(stdout).toContain('low: hono')
    expect(code).toBe(0)
  })

  it.each([404, 405])('is skipped, loudly, by a registry that answers %d', async (status) => {
    const { code, stdout } = await audit((_, response) => void response.writeHead(status).end())
    expect(stdout).toContain(`audit skipped: the registry does not answer audits (HTTP ${status})`)
    expect(code).toBe(0)
  })

  it.each([401, 500])('fails where the registry answers %d', async (status) => {
    const { code, stdout, stderr } = await audit((_, response) => void response.writeHead(status).end())
    expect(stdout).not.toContain('skipped')
    expect(stderr).toContain('audit failed')
    expect(code).toBe(1)
  })
})
