import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventsAfter, formatPosition, parsePosition, streamStart } from '../../../api/stream-events.ts'
import type { PredictionRecord } from '../../../contracts/record.ts'
import { createSharedWatch } from '../../../temporal/shared-watch.ts'
import { eventually } from '../../support/eventually.ts'
import { examplePrediction, succeeded } from '../../support/example-prediction.ts'
import { createGates } from '../../support/gates.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

interface Message {
  event: string
  data: string
  id: string
}

/** The messages in a text of server-sent events. */
const parseMessages = (text: string): Message[] =>
  text
    .split('\n\n')
    .map((block) => {
      const field = (name: string) =>
        block
          .split('\n')
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join('\n')
      return { event: field('event'), data: field('data'), id: field('id') }
    })
    .filter(({ event }) => event)

describe('the events of a prediction', () => {
  const running = examplePrediction({
    logs: 'one\ntwo',
    metrics: { phase: 'generateImages', queued: false, step: 2, of: 4 },
  })
  const done = succeeded({ logs: 'one\ntwo\nthree', output: ['a.png', 'b.png'] })

  it('tell each log line and each output once, and done last', () => {
    const first = eventsAfter(streamStart, running)
    expect(first.map(({ event, data }) => [event, event === 'progress' ? JSON.parse(data) : data])).toEqual([
      ['logs', 'one\ntwo\n'],
      ['progress', { status: 'processing', phase: 'generateImages', queued: false, step: 2, of: 4 }],
    ])
    const rest = eventsAfter(first.at(-1)!.position, done)
    expect(rest.filter(({ event }) => event !== 'progress').map(({ event, data }) => [event, data])).toEqual([
      ['logs', 'three\n'],
      ['output', 'a.png'],
      ['output', 'b.png'],
      ['done', '{}'],
    ])
    expect(eventsAfter(rest.at(-1)!.position, done)).toEqual([])
  })

  it('go on after any of them', () => {
    const all = eventsAfter(streamStart, done)
    for (const [index, { position }] of all.entries()) {
      const again = eventsAfter(parsePosition(formatPosition(position)), done)
      const missing = all.slice(index + 1).filter(({ event }) => event !== 'progress')
      expect(again.filter(({ event }) => event !== 'progress')).toEqual(missing)
    }
  })

  it('do not take back log lines that a retried step has not reached again', () => {
    const ahead = eventsAfter(streamStart, running).at(-1)!.position
    const back = eventsAfter(ahead, { ...running, logs: 'one' })
    expect(back.map(({ event }) => event)).toEqual(['progress'])
    const further = eventsAfter(back.at(-1)!.position, { ...running, logs: 'one\ntwo\nthree' })
    expect(further[0]).toMatchObject({ event: 'logs', data: 'three\n' })
  })

  it.each([
    [
      'failed',
      [
        ['error', 'No face (no_face)'],
        ['done', '{"reason":"error"}'],
      ],
    ],
    ['canceled', [['done', '{"reason":"canceled"}']]],
  ] as const)('say how a %s one ended', (status, expected) => {
    const events = eventsAfter(streamStart, examplePrediction({ status, error: 'No face (no_face)' }))
    expect(events.filter(({ event }) => event !== 'progress').map(({ event, data }) => [event, data])).toEqual(expected)
  })

  it.each(['', 'x', '1', '-1-2', '1-2-3', '1e9-0'])('start anew after an id that is none: %j', (id) => {
    expect(parsePosition(id)).toEqual(streamStart)
  })
})

describe('a shared watch', () => {
  const record = (step: number) => ({ id: 'p', step }) as never as PredictionRecord

  it('looks once for many readers, gives a slow one the newest, and stops with the last', async () => {
    let looks = 0
    let stopped = false
    const waiting: ((value: PredictionRecord) => void)[] = []
    /** Resolves when the watch has taken what was told before. */
    const asked = () => eventually(() => waiting[0] ?? expect.fail('The watch does not ask yet'))
    const watch = createSharedWatch({
      async *watch(_id, signal) {
        looks++
        signal.addEventListener('abort', () => {
          stopped = true
          waiting.shift()?.(record(-1))
        })
        while (!signal.aborted) yield await new Promise<PredictionRecord>((resolve) => waiting.push(resolve))
      },
    })
    const controllers = [new AbortController(), new AbortController()]
    const [fast, slow] = controllers.map(({ signal }) => watch('p', signal))
    const next = fast!.next()
    const slowNext = slow!.next()
    for (const step of [1, 2, 3]) {
      await asked()
      waiting.shift()!(record(step))
    }
    await asked()
    expect([await next, await slowNext].every(({ done }) => !done)).toBe(true)
    expect((await slow!.next()).value).toEqual(record(3))
    for (const controller of controllers) controller.abort()
    await Promise.all([fast!.return(undefined), slow!.return(undefined)])
    expect([looks, stopped]).toEqual([1, true])
  })

  it('tells every reader that the server is away', async () => {
    const watch = createSharedWatch({
      // biome-ignore lint/correctness/useYield: it fails before it has anything to give.
      async *watch() {
        throw new Error('away')
      },
    })
    const readers = [1, 2].map(() => watch('p', new AbortController().signal).next())
    for (const reader of readers) await expect(reader).rejects.toThrow('away')
  })
})

describe('GET …/stream', () => {
  let api: TestApi
  const gates = createGates()
  beforeAll(async () => {
    api = await startApi({}, { generate: ({ predictionId }) => gates.pass(predictionId) })
  })
  afterAll(async () => {
    gates.openAll()
    await api.stop()
  })

  const streamOf = (prediction: { urls: { stream: string } }, headers: Record<string, string> = {}) => {
    const { pathname, search } = new URL(prediction.urls.stream)
    return api.request(`${pathname}${search}&progress=true`, { headers })
  }

  it('tells a whole prediction as it comes, and goes on after Last-Event-ID', async () => {
    const prediction = await api.json(api.post({ input: { input_image: photo, num_images: 2 } }))
    const response = await streamOf(prediction)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const readUntil = async (reached: () => boolean) => {
      while (!reached()) {
        const { value, done } = await reader.read()
        if (done) return
        text += value
      }
    }
    await readUntil(() => text.includes('generateImages'))
    // Cut off in the middle.
    await reader.cancel()
    const seen = parseMessages(text)
    gates.open(prediction.id)
    const rest = await streamOf(prediction, { 'last-event-id': seen.at(-1)!.id })
    const messages = [...seen, ...parseMessages(await rest.text())]
    const ended = await api.json(api.request(`/v1/predictions/${prediction.id}`))
    const logs = messages.filter(({ event }) => event === 'logs').map(({ data }) => data)
    expect(logs.join('')).toBe(`${ended.logs}\n`)
    expect(messages.filter(({ event }) => event === 'output')).toHaveLength(2)
    expect(messages.at(-1)).toMatchObject({ event: 'done', data: '{}' })
    const again = await streamOf(prediction, { 'last-event-id': messages.at(-1)!.id })
    expect(again.status).toBe(204)
  })

  it('ends with error and done where the prediction fails', async () => {
    const missing = 'https://example.com/missing.jpg'
    const prediction = await api.json(api.post({ input: { input_image: missing } }))
    const messages = parseMessages(await (await streamOf(prediction)).text())
    expect(messages.slice(-2)).toMatchObject([
      { event: 'error', data: 'Not there (photo_unreachable)' },
      { event: 'done', data: '{"reason":"error"}' },
    ])
  })

  it('leaves nothing behind when clients go away', async () => {
    const prediction = await api.json(api.post({ input: { input_image: photo } }))
    const responses = await Promise.all(Array.from({ length: 50 }, () => streamOf(prediction)))
    for (const response of responses) await response.body!.cancel()
    gates.open(prediction.id)
    await eventually(async () =>
      expect(await api.json(api.request(`/v1/predictions/${prediction.id}`))).toMatchObject({ status: 'succeeded' }),
    )
    expect(api.errors).toEqual([])
  })
})
