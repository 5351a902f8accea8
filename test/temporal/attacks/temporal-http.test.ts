import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type DevServer, startDevServer } from '../../../cli/stack/dev-server.ts'
import { freePort } from '../../../lib/ports.ts'
import { listeningPorts } from '../../support/listening-ports.ts'

// A web page that somebody on this machine has open posts text to ports of loopback, which needs no permission of anyone.

let server: DevServer
let asked: DevServer
beforeAll(async () => {
  server = await startDevServer({ cli: inject('temporalCli') })
  asked = await startDevServer({ cli: inject('temporalCli'), httpPort: await freePort() })
})
afterAll(async () => {
  await server?.stop()
  await asked?.stop()
})

const start = async (port: number, headers: Record<string, string> = {}): Promise<number | undefined> => {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/default/workflows/w${port}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', origin: 'https://evil.example', ...headers },
    body: '{"workflowType":{"name":"sweepExpired"},"taskQueue":{"name":"control"},"input":[{"retentionMs":1}]}',
    signal: AbortSignal.timeout(3_000),
  }).catch(() => undefined)
  return response?.status
}

describe('a server that nobody asked for its HTTP API', () => {
  it('starts nothing for such a page, on any of its ports', async () => {
    const ports = listeningPorts(server.pid)
    expect(ports).toContain(Number(server.address.split(':')[1]))
    expect(ports.length).toBeGreaterThan(2)
    const statuses = await Promise.all(ports.map((port) => start(port)))
    expect(statuses.filter((status) => status !== undefined && status < 400)).toEqual([])
    expect(server.httpUrl).toBeUndefined()
  })
})

describe('a server that was asked for it', () => {
  it('answers there', async () => {
    const response = await fetch(`${asked.httpUrl}/api/v1/namespaces/default`)
    expect(response.status).toBe(200)
  })
})
