import type { Prediction } from '../../contracts/prediction.ts'

/** A prediction as the API would answer. */
export const examplePrediction = (changes: Partial<Prediction> = {}): Prediction => ({
  id: 'p1',
  model: 'idem/arc2face',
  version: 'v1',
  created_at: '2026-01-01T00:00:00.000Z',
  started_at: '2026-01-01T00:00:01.000Z',
  completed_at: null,
  status: 'processing',
  input: {},
  output: null,
  error: null,
  logs: '',
  metrics: {},
  data_removed: false,
  urls: {
    get: 'http://idem.example/v1/predictions/p1',
    cancel: 'http://idem.example/v1/predictions/p1/cancel',
    stream: 'http://idem.example/v1/predictions/p1/stream',
    web: 'http://idem.example/p1',
  },
  ...changes,
})

export const succeeded = (changes: Partial<Prediction> = {}): Prediction =>
  examplePrediction({
    status: 'succeeded',
    completed_at: '2026-01-01T00:00:09.000Z',
    output: ['http://idem.example/files/1.png'],
    logs: 'Images published\n',
    metrics: { predict_time: 8 },
    ...changes,
  })
