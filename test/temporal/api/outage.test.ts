import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type DevServer, startDevServer } from '../../../cli/stack/dev-server.ts'
import { freePort } from '../../../lib/ports.ts'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { eventually } from '../../support/eventually.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

let api: TestApi
let server: DevServer
let connection: Connection
let port: number

const startServer = () => startDevServer({ cli: inject('temporalCli'), port })

beforeAll(async () => {
  port = await freePort()
  server = await startServer()
  connection = Connection.lazy({ address: server.address })
  api = await startApi({ orchestrator: createGrpcOrchestrator(new Client({ connection })) }, { workers: false })
})
afterAll(async () => {
  await connection.close()
  await api.stop()
  await server.stop()
})

const post = () => api.post({ input: { input_image: photo } })

it('answers 503 to everyone while Temporal is away, and goes on by itself when it is back', async () => {
  expect((await post()).status).toBe(201)
  await server.stop()
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => (i % 2 ? post() : api.request(`/v1/predictions/${'0'.repeat(26)}`))),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
  expect(new Set(answers.map(({ headers }) => headers.get('retry-after')))).toEqual(new Set(['2']))
  expect((await api.request('/healthz')).status).toBe(200)
  expect(await api.json(api.request('/readyz'))).toMatchObject({ status: 'not ready', checks: { temporal: 'away' } })
  server = await startServer()
  await eventually(async () => expect((await post()).status).toBe(201))
})
