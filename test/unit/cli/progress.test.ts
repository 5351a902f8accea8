import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { createProgress } from '../../../cli/client/progress.ts'
import { examplePrediction } from '../../support/example-prediction.ts'

const shown = (model: string, phases: readonly object[]): string[] => {
  let text = ''
  const stream = new Writable({
    write: (chunk, _, done) => {
      text += chunk
      done()
    },
  })
  const progress = createProgress(stream)
  for (const metrics of phases) progress.show(examplePrediction({ model, metrics: { ...metrics } }))
  return text.trimEnd().split('\n')
}

it('shows what a prediction does, by the words of the table of steps', () => {
  const phases = [
    { phase: 'findFace', queued: false },
    { phase: 'generateImages', queued: true, step: 0, of: 25 },
    { phase: 'generateImages', queued: false, step: 3, of: 25 },
    { phase: 'publishImages', queued: false, attempt: 2 },
  ]
  expect(shown('idem/arc2face', phases)).toEqual([
    'Finding the face',
    'queue: waiting for a GPU worker',
    'step 3 of 25',
    'Publishing the images (attempt 2)',
  ])
})

it('shows a step or a model of another release by the name of the step', () => {
  expect(shown('test/echo', [{ phase: 'intakePhoto' }, { phase: 'whisper' }])).toEqual([
    'Taking in the photo',
    'whisper',
  ])
})
