import { describe, expect, it } from 'vitest'
import { logLines } from '../../../api/prediction-log.ts'
import type { PredictionRecord } from '../../../contracts/record.ts'
import { doneLine, progressIn, type StepName, type StepsOn, stepNames, steps } from '../../../contracts/steps.ts'
import type { proxySteps } from '../../../workflows/proxy-steps.ts'

const at = new Date(0)
const finished = (name: string) =>
  ({ name, scheduledAt: at, startedAt: at, endedAt: at, outcome: 'completed' }) as const
const recordOf = (...names: string[]) => ({ pending: [], finished: names.map(finished) }) as never as PredictionRecord

describe('the table of steps', () => {
  it.each(stepNames)('has words and a share for %s', (name) => {
    const { doing, done, share } = steps[name]
    expect([doing.trim(), done.trim()]).not.toContain('')
    expect(share).toBeGreaterThanOrEqual(0)
  })

  it('shows a step of another release by its name', () => {
    expect(logLines(recordOf('intakePhoto', 'blurPhoto', 'toString'), {})).toEqual([
      'Photo taken in',
      'blurPhoto',
      'toString',
    ])
    expect(doneLine('blurPhoto')).toBe('blurPhoto')
  })

  it('refuses a step that is not in it, wherever code names one', () => {
    // @ts-expect-error: not a step
    const name: StepName = 'blurPhoto'
    // @ts-expect-error: `steps` has no such step, so it has no log line either
    expect(steps.blurPhoto).toBeUndefined()
    // @ts-expect-error: a workflow cannot call it
    type Proxied = typeof proxySteps<{ blurPhoto(): Promise<void> }>
    expect<[string, Proxied | undefined]>([name, undefined]).toHaveLength(2)
  })

  it('refuses a step on another queue, and a worker that lacks one', () => {
    const run = async () => undefined
    // @ts-expect-error: there is another one on the gpu queue
    const none: StepsOn<'gpu'> = {}
    // @ts-expect-error: that one is on the cpu queue
    const wrong: StepsOn<'gpu'> = { generateImages: run, findFace: run }
    expect([none, wrong]).toHaveLength(2)
  })
})

describe('the progress of a prediction', () => {
  const order: StepName[] = ['intakePhoto', 'analysePhoto']

  it('goes by the shares of the steps that it goes through', () => {
    expect(progressIn(order, 'intakePhoto')).toBe(0)
    expect(progressIn(order, 'analysePhoto')).toBeCloseTo(3 / 8)
    expect(progressIn(order, 'analysePhoto', 1)).toBeCloseTo(1)
  })

  it('is unknown in a step of another release', () => {
    expect(progressIn(order, 'blurPhoto')).toBeUndefined()
  })
})
