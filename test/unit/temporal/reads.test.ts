import { expect, it } from 'vitest'
import { type Purpose, sealFor } from '../../../contracts/sealed-value.ts'
import type { HistoryEvent, WirePayload } from '../../../temporal/messages.ts'
import type { ReadService } from '../../../temporal/read-service.ts'
import { createReads } from '../../../temporal/reads.ts'

const payload = (value: unknown): WirePayload => ({ data: JSON.stringify(value) })
const sealed = (purpose: Purpose, value: unknown) => ({ payloads: [payload(sealFor(purpose, 'local', value))] })
const facesKeys = ['predictions/p1/faces-0.json']

const started: HistoryEvent = {
  workflowExecutionStartedEventAttributes: {
    workflowType: { name: 'embedFaces' },
    input: sealed('input of embedFaces', { predictionId: 'p1' }),
  },
}
const completed: HistoryEvent = {
  workflowExecutionCompletedEventAttributes: { result: sealed('result of embedFaces', { facesKeys }) },
}
const failed: HistoryEvent = {
  workflowExecutionFailedEventAttributes: {
    failure: { message: 'No face', applicationFailureInfo: { type: 'no_face' } },
  },
}

const resultOf = (tenant: string, keys: readonly string[]): HistoryEvent => ({
  workflowExecutionCompletedEventAttributes: {
    result: { payloads: [payload(sealFor('result of embedFaces', tenant, { facesKeys: keys }))] },
  },
})

/** A service that has described a prediction whose history, asked at the same time, was read a moment before its end. */
const serviceOf = (status: string, end: HistoryEvent) => {
  const histories = [[started], [started, end]]
  const run = <T>(_: string, call: () => Promise<T>) => call()
  return {
    namespace: 'default',
    acceptBare: false,
    decode: async (all) => (all ?? []).map(({ data }) => JSON.parse(String(data))),
    call: run,
    known: run,
    describe: async () => ({
      workflowExecutionInfo: {
        execution: { workflowId: 'p1' },
        type: { name: 'embedFaces' },
        status,
        historyLength: '2',
        memo: { fields: { idem: payload(sealFor('memo of embedFaces', 'local', {})) } },
      },
    }),
    fetchHistory: async () => histories.shift() ?? [],
    count: async () => 0,
    list: async () => ({}),
    pollers: async () => [],
  } satisfies ReadService
}

it('reads the result of a prediction that ends between two calls', async () => {
  const record = await createReads(serviceOf('COMPLETED', completed)).read('p1')
  expect(record).toMatchObject({ state: 'completed', result: { facesKeys } })
})

it('reads the failure of a prediction that ends between two calls', async () => {
  const record = await createReads(serviceOf('FAILED', failed)).read('p1')
  expect(record).toMatchObject({ state: 'failed', failure: { type: 'no_face', message: 'No face' } })
})

it.each([
  ['another prediction’s artifacts', resultOf('local', ['predictions/p2/faces-0.json'])],
  ['another tenant’s result', resultOf('acme', facesKeys)],
])('takes no record with %s for a prediction', async (_, end) => {
  const forged: string[] = []
  const service = { ...serviceOf('COMPLETED', end), onForged: (id: string) => void forged.push(id) }
  expect(await createReads(service).read('p1')).toBeUndefined()
  expect(forged).toEqual(['p1'])
})
