import { z } from 'zod'

export const predictionStatuses = ['starting', 'processing', 'succeeded', 'failed', 'canceled'] as const
export type PredictionStatus = (typeof predictionStatuses)[number]

export const isTerminal = (status: PredictionStatus): boolean => status !== 'starting' && status !== 'processing'

/** A prediction, in the format of Replicate's HTTP API. */
export const predictionSchema = z.object({
  id: z.string(),
  model: z.string(),
  version: z.string(),
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  completed_at: z.iso.datetime().nullable(),
  status: z.enum(predictionStatuses),
  input: z.record(z.string(), z.unknown()),
  output: z.unknown(),
  error: z.string().nullable(),
  logs: z.string(),
  metrics: z.record(z.string(), z.unknown()),
  data_removed: z.boolean(),
  urls: z.object({ get: z.url(), cancel: z.url(), stream: z.url(), web: z.url() }),
})
export type Prediction = z.infer<typeof predictionSchema>
