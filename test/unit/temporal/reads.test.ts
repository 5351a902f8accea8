import { expect, it } from 'vitest'
import type { HistoryEvent, WirePayload } from '../../../temporal/messages.ts'
import type { ReadService } from '../../../temporal/read-service.ts'
import { createReads } from '../../../temporal/reads.ts'

const payload = (value: unknown): WirePayload => ({ data: JSON.stringify(value) })
const payloads = (value: unknown) => ({ payloads: [payload(value)] })

const started: HistoryEvent = {
  workflowExecutionStartedEventAttributes: { workflowType: { name: 'embedFaces' }, input: payloads({}) },
}
const completed: HistoryEvent = {
  workflowExecutionCompletedEventAttributes: { result: payloads({ facesKeys: ['a'] }) },
}
const failed: HistoryEvent = {
  workflowExecutionFailedEventAttributes: {
    failure: { message: 'No face', applicationFailureInfo: { type: 'no_face' } },
  },
}

/** A service that has described a prediction whose history, asked at the same time, was read a moment before its end. */
const serviceOf = (status: string, end: HistoryEvent) => {
  const histories = [[started], [started, end]]
  const run = <T>(_: string, call: () => Promise<T>) => call()
  return {
    namespace: 'default',
    decode: async (all) => (all ?? []).map(({ data }) => JSON.parse(String(data))),
    call: run,
    known: run,
    describe: async () => ({
      workflowExecutionInfo: { status, historyLength: '2', memo: { fields: { tenant: payload('local') } } },
    }),
    fetchHistory: async () => histories.shift() ?? [],
    count: async () => 0,
    list: async () => ({}),
    pollers: async () => [],
  } satisfies ReadService
}

it('reads the result of a prediction that ends between two calls', async () => {
  const record = await createReads(serviceOf('COMPLETED', completed)).read('p1')
  expect(record).toMatchObject({ state: 'completed', result: { facesKeys: ['a'] } })
})

it('reads the failure of a prediction that ends between two calls', async () => {
  const record = await createReads(serviceOf('FAILED', failed)).read('p1')
  expect(record).toMatchObject({ state: 'failed', failure: { type: 'no_face', message: 'No face' } })
})
