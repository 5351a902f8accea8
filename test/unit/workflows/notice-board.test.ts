import { describe, expect, it } from 'vitest'
import type { WebhookEvent } from '../../../contracts/webhooks.ts'
import { createNoticeBoard } from '../../../workflows/notice-board.ts'
import { retryGapMs, webhookTiming } from '../../../workflows/webhook-schedule.ts'

const everything: WebhookEvent[] = ['start', 'output', 'logs', 'completed']
const createBoard = (events = everything) => createNoticeBoard({ events }, 500)

describe('the notice board', () => {
  it('gives notices in the order of their coming, and completed last', () => {
    const board = createBoard()
    for (const event of ['completed', 'start', 'logs', 'output'] as const) board.post(event)
    const taken = [1, 2, 3, 4, 5].map(() => board.take(1_000)?.event)
    expect(taken).toEqual(['start', 'logs', 'output', 'completed', undefined])
  })

  it('makes several notices of one event one, under the newest number', () => {
    const board = createBoard()
    for (let k = 0; k < 5; k++) board.post('output')
    expect(board.take(0)).toEqual({ event: 'output', number: 5 })
    expect(board.take(10_000)).toBeUndefined()
  })

  it('gives output and logs at most every 500 ms each', () => {
    const board = createBoard()
    board.post('output')
    board.post('logs')
    expect([board.take(1_000), board.take(1_000)].map((n) => n?.event)).toEqual(['output', 'logs'])
    board.post('output')
    expect(board.take(1_499)).toBeUndefined()
    expect(board.dueAt()).toBe(1_500)
    expect(board.take(1_500)).toEqual({ event: 'output', number: 2 })
  })

  it('drops what may not be sent yet where the end has come', () => {
    const board = createBoard()
    board.post('output')
    board.take(1_000)
    board.post('output')
    board.post('completed')
    expect(board.take(1_100)?.event).toBe('completed')
  })

  it('holds everything but completed back after a failure, under the number of the newest news', () => {
    const board = createBoard()
    board.post('output')
    const failed = board.take(0)!
    board.putBack(failed, 5_000)
    expect(board.dueAt()).toBe(5_000)
    board.post('logs')
    expect(board.take(4_999)).toBeUndefined()
    board.post('output')
    expect(board.take(5_000)).toEqual({ event: 'output', number: 2 })
    board.putBack({ event: 'output', number: 2 }, 60_000)
    board.post('completed')
    expect(board.take(5_001)).toEqual({ event: 'completed', number: 1 })
  })

  it('keeps the number of a message that is tried again without news', () => {
    const board = createBoard()
    board.post('output')
    board.putBack(board.take(0)!, 100)
    expect(board.take(600)).toEqual({ event: 'output', number: 1 })
  })

  it('ignores what the filter leaves out, and a second end, but always marks the first', () => {
    const board = createBoard(['start'])
    board.post('output')
    board.post('logs')
    expect(board.take(0)).toBeUndefined()
    board.post('completed')
    expect(board.take(0)?.event).toBe('completed')
    board.post('completed')
    expect(board.take(0)).toBeUndefined()
  })

  it('wakes for news alone', () => {
    const board = createBoard(['start', 'completed'])
    const news = board.watch()
    board.post('output')
    expect(news()).toBe(false)
    board.post('start')
    expect(news()).toBe(true)
  })

  it('continues as a new run with what was pending, counted, throttled and held', () => {
    const board = createBoard()
    board.post('output')
    board.take(0)
    board.post('output')
    board.post('logs')
    const next = createNoticeBoard({ events: everything, ...board.state() }, 500)
    next.post('output')
    expect([next.take(0), next.take(0), next.take(500)]).toEqual([
      { event: 'logs', number: 1 },
      undefined,
      { event: 'output', number: 3 },
    ])
    next.putBack({ event: 'logs', number: 2 }, 9_000)
    const last = createNoticeBoard({ events: everything, ...next.state() }, 500)
    expect([last.take(8_999), last.take(9_000)]).toEqual([undefined, { event: 'logs', number: 2 }])
  })
})

describe('the schedule', () => {
  it('grows, and takes more than a day in all', () => {
    const { gapsMs } = webhookTiming
    expect(gapsMs.every((gap, k) => k === 0 || gap >= gapsMs[k - 1]!)).toBe(true)
    expect(gapsMs.reduce((a, b) => a + b)).toBeGreaterThan(24 * 3_600_000)
  })

  it('waits at most a tenth longer than the gap, and keeps the last gap', () => {
    const gaps = { gapsMs: [1_000, 10_000] }
    expect([1, 2, 3, 9].map((misses) => retryGapMs(gaps, misses, undefined, () => 0))).toEqual([
      1_000, 10_000, 10_000, 10_000,
    ])
    expect(retryGapMs(gaps, 1, undefined, () => 0.999)).toBe(1_100)
  })

  it('waits as long as the receiver asks, not less than the gap and not for ever', () => {
    const gaps = { gapsMs: [1_000] }
    expect(retryGapMs(gaps, 1, 30_000, () => 0)).toBe(30_000)
    expect(retryGapMs(gaps, 1, 10, () => 0)).toBe(1_000)
    expect(retryGapMs(gaps, 1, 1e15, () => 0)).toBe(12 * 3_600_000)
  })
})
