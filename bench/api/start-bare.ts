import { randomUUID } from 'node:crypto'
import type { Client } from '@temporalio/client'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { completeSettings } from '../../contracts/diffusion-settings.ts'
import type { GenerateFacesInput } from '../../contracts/generate-faces.ts'
import { newPredictionId } from '../../contracts/prediction-id.ts'
import { queues } from '../../contracts/queues.ts'
import { memoField, sealFor } from '../../contracts/sealed-value.ts'
import { localTenant } from '../../contracts/tenant-secret.ts'
import type { Memo } from '../../temporal/read-history.ts'

const model = 'idem/arc2face'
const retentionMs = 24 * 3_600_000
const url = 'https://example.com/portrait.jpg'

const inputOf = (predictionId: string): GenerateFacesInput => ({
  predictionId,
  retentionMs,
  keepPhotos: false,
  photos: [{ url }],
  faceSelection: 'largest',
  minFaceSizePx: 0,
  seeds: [7],
  settings: completeSettings({ num_steps: 25, guidance_scale: 3, scheduler: 'dpmpp_2m' }),
  maxAttempts: 3,
  echo: { input_image: url, num_images: 1, seed: 7 },
})

const keyword = (name: string, value: string) => ({
  key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
  value,
})

/** What the API's create comes down to, without the API. */
const optionsOf = (predictionId: string) => ({
  workflowId: predictionId,
  taskQueue: queues.control,
  args: [sealFor('input of generateFaces', localTenant, inputOf(predictionId))],
  memo: {
    [memoField]: sealFor('memo of generateFaces', localTenant, {
      model,
      version: 'bench',
      requestHash: randomUUID(),
      retentionMs,
    } satisfies Memo),
  },
  typedSearchAttributes: [
    keyword('IdemTenant', localTenant),
    keyword('IdemModel', model),
    keyword('IdemStatus', 'starting'),
  ],
})

export const startBare = (client: Client) => client.workflow.start('generateFaces', optionsOf(newPredictionId()))

export const executeBare = (client: Client) => client.workflow.execute('generateFaces', optionsOf(newPredictionId()))
