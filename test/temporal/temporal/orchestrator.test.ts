import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { createHttpOrchestrator } from '../../../temporal/http-orchestrator.ts'
import type { Orchestrator } from '../../../temporal/orchestrator.ts'
import { createPayloadCodec } from '../../../temporal/payload-codec.ts'
import { contextOf } from '../../../temporal/place.ts'
import { keyRing } from '../../support/test-api.ts'
import {
  begin,
  describeOrchestrator,
  isDiffusing,
  longEnoughMs,
  predictionOf,
  seeds,
  startWorld,
  untilRecord,
  type World,
} from './orchestrator-suite.ts'

const overHttp = (namespace: string, url = inject('temporalHttpUrl')) =>
  createHttpOrchestrator({ url, namespace, codec: createPayloadCodec(keyRing, { namespace }) })

describeOrchestrator('the gateway over gRPC', ({ api }) => {
  const nowhere = Connection.lazy({ address: '127.0.0.1:1', connectTimeout: 500 })
  return {
    orchestrator: createGrpcOrchestrator(api.client),
    lost: createGrpcOrchestrator(new Client({ connection: nowhere })),
    close: () => nowhere.close(),
  }
})

describeOrchestrator('the gateway over HTTP', ({ api }) => ({
  orchestrator: overHttp(api.namespace),
  lost: overHttp(api.namespace, 'http://127.0.0.1:1'),
}))

describe('both gateways', () => {
  let world: World
  let grpc: Orchestrator
  let http: Orchestrator
  beforeAll(async () => {
    world = await startWorld()
    grpc = createGrpcOrchestrator(world.api.client)
    http = overHttp(world.api.namespace)
  })
  afterAll(() => world.stop())

  it('read the same of predictions that run, succeeded, failed and were ended', async () => {
    const ended = await Promise.all([
      begin(http),
      begin(grpc, { seeds: [seeds.refused] }),
      begin(http, { photos: [{ url: 'https://example.com/missing.jpg' }] }),
      begin(http, { cancelAfterMs: 60_000 }),
    ])
    for (const id of ended) await http.waitForEnd(id, longEnoughMs)
    const running = await begin(grpc, { seeds: [seeds.retried] })
    await untilRecord(http, running, isDiffusing)
    for (const id of [running, ...ended]) {
      const record = await grpc.read(id)
      expect(record).toBeDefined()
      expect(await http.read(id)).toEqual(record)
    }
    await world.end(running)
    expect(await http.read(running)).toEqual(await grpc.read(running))
  })

  it('start the same workflow, so that neither workers nor operators can tell them apart', async () => {
    const startedBy = async (orchestrator: Orchestrator) => {
      const prediction = predictionOf()
      await orchestrator.start(prediction)
      const { client } = world.api
      const { events } = await client.workflow.getHandle(prediction.start.input.predictionId).fetchHistory()
      const { workflowExecutionStartedEventAttributes: attributes, userMetadata } = events![0]!
      const { memo, searchAttributes, priority, input, workflowType, taskQueue, workflowTaskTimeout } = attributes!
      const id = prediction.start.input.predictionId
      const place = contextOf(world.api.namespace, { workflowId: id })
      const codec = createPayloadCodec(keyRing, { namespace: world.api.namespace })
      const hidden = [
        ...Object.values(memo!.fields!),
        ...input!.payloads!,
        userMetadata!.summary!,
        userMetadata!.details!,
      ]
      const plain = await codec.decode(hidden, place)
      const text = (bytes: Uint8Array | null | undefined) => new TextDecoder().decode(bytes ?? undefined)
      const texts = plain.map(({ metadata, data }) => [text(metadata?.encoding), text(data)])
      const attributesOf = Object.entries(searchAttributes!.indexedFields!).map(([name, { metadata, data }]) => [
        name,
        text(metadata?.encoding),
        text(metadata?.type),
        text(data),
      ])
      return JSON.parse(
        JSON.stringify([
          hidden.map(({ metadata }) =>
            Object.entries(metadata!)
              .map(([key, value]) => [key, text(value)].join())
              .sort(),
          ),
          Object.keys(memo!.fields!).sort(),
          texts.map(String).sort(),
          attributesOf.sort(),
          [priority, workflowType, taskQueue, workflowTaskTimeout],
        ]).replaceAll(id, 'ID'),
      )
    }
    const [byGrpc, byHttp] = [await startedBy(grpc), await startedBy(http)]
    expect(byHttp).toEqual(byGrpc)
  })
})
