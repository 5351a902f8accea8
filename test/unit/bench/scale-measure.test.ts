import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { parseServerCounters, perOne } from '../../../bench/scale/server-metrics.ts'
import { kindOf, startStorageProxy } from '../../../bench/scale/storage-proxy.ts'
import { listenOnLoopback } from '../../support/listen-on-loopback.ts'

describe('the counting of storage requests', () => {
  it.each([
    ['GET', '/idem/predictions/a/photo-0.png', 'GET'],
    ['GET', '/idem?list-type=2&prefix=predictions', 'LIST'],
    ['POST', '/idem?delete=', 'DELETE'],
    ['PUT', '/idem/keys/a.json', 'PUT of a key'],
    ['GET', '/idem/keys/a.json', 'GET of a key'],
    ['HEAD', '/idem/keys/a.json', 'HEAD'],
  ])('takes %s %s for %s', (method, url, kind) => expect(kindOf(method, url)).toBe(kind))

  it('passes requests on as they are, and counts them with their bytes', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.host}`)
      request.resume().on('end', () => response.writeHead(201, { etag: '"x"' }).end('four'))
    })
    const proxy = await startStorageProxy({ host: '127.0.0.1', port: await listenOnLoopback(server) })
    const answer = await fetch(`${proxy.endpoint}/idem/a?x=1`, { method: 'PUT', body: '12345678' })
    expect([answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([201, '"x"', 'four'])
    // What is signed is what the client wrote: the proxy's own address.
    expect(seen).toEqual([`PUT /idem/a?x=1 ${new URL(proxy.endpoint).host}`])
    expect(proxy.take()).toEqual({ PUT: { requests: 1, bytesIn: 8, bytesOut: 4 } })
    expect(proxy.take()).toEqual({})
    await proxy.close()
    server.close()
  })
})

describe('the counters of Temporal', () => {
  const text = (polls: number) => `# HELP service_requests x
service_requests{namespace="a",operation="PollWorkflowTaskQueue",service_name="frontend"} ${polls}
service_requests{namespace="b",operation="PollWorkflowTaskQueue",service_name="frontend"} 1
service_requests{operation="RecordTaskStarted",service_name="history"} 9
persistence_requests{operation="UpdateWorkflowExecution",service_name="history"} 4
visibility_persistence_requests{operation="UpsertWorkflowExecution",service_name="history"} 2
action{action_type="command_StartTimer",namespace="a",operation="RespondWorkflowTaskCompleted"} 7
action{action_type="grpc_StartWorkflowExecution",namespace="temporal_system",operation="StartWorkflowExecution"} 1`

  it('are added up by operation and told apart', () => {
    const { frontend, persistence, visibility, actions } = parseServerCounters(text(5))
    expect([...frontend]).toEqual([['PollWorkflowTaskQueue', 6]])
    expect([...persistence]).toEqual([['UpdateWorkflowExecution', 4]])
    expect([...actions]).toEqual([['command_StartTimer', 7]])
    expect([...visibility]).toEqual([['UpsertWorkflowExecution', 2]])
  })

  it('are given for one prediction of several', () => {
    const [before, after] = [parseServerCounters(text(5)), parseServerCounters(text(20))]
    expect(perOne(before.frontend, after.frontend, 5)).toEqual({ PollWorkflowTaskQueue: 3 })
  })
})
