import type { OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { boundedString } from '../../lib/bounded-schema.ts'
import { createBodyJsonSchema, createBodySchema, createHeaders } from '../create-body.ts'
import { createPredictionCreator } from '../create-prediction.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { document, jsonOf, predictionDocument, problems } from '../document.ts'
import type { ServedModel } from '../models/served-model.ts'
import { parse } from '../parse-body.ts'
import type { PredictionReader } from '../prediction-reader.ts'
import { Problem } from '../problem.ts'
import { readJson } from '../read-body.ts'
import { createRouter } from '../router.ts'

const responses = {
  201: jsonOf(predictionDocument, 'The prediction'),
  202: jsonOf(
    predictionDocument,
    'The prediction has not ended within the time in `Prefer`; its status is shown as `starting`',
  ),
  ...problems(400, 404, 409, 410, 413, 415, 422),
}

/** Of a model's name and a hash. */
const maxVersionLength = 200
const versionSchema = z.looseObject({ version: boundedString(maxVersionLength) })
export const versionedBodySchema = createBodySchema.extend(versionSchema.shape)

const bodyOf = (jsonSchema: Record<string, unknown>) => ({
  required: true,
  content: { 'application/json': { schema: jsonSchema } },
})

/** The ways to name a version in `POST /predictions`: its hash, the model's name, or both as `owner/name:hash`. */
const namesOf = ({ name, version }: ServedModel): string[] => [version, name, `${name}:${version}`]

/** Routes that create predictions, by version and by model. */
export const createCreateRoutes = (
  deps: ApiDeps,
  reader: PredictionReader,
  models: readonly ServedModel[],
): OpenAPIHono<ApiEnv> => {
  const create = createPredictionCreator(deps, reader)
  const app = createRouter()

  document(app, {
    method: 'post',
    path: '/predictions',
    operationId: 'predictions.create',
    summary: 'Create a prediction with a version of a model',
    request: {
      headers: createHeaders,
      body: bodyOf({
        oneOf: models.map((model) =>
          createBodyJsonSchema(model.inputJsonSchema, { version: { type: 'string', enum: namesOf(model) } }),
        ),
      }),
    },
    responses,
  })
  app.post('/predictions', async (c) => {
    const json = await readJson(c)
    const { version } = parse(versionSchema, json)
    const model = models.find((candidate) => namesOf(candidate).includes(version))
    if (!model) {
      const message = 'Version not found'
      throw new Problem(422, `version: ${message}`, {
        errors: [{ loc: ['body', 'version'], msg: message, type: 'not_found' }],
      })
    }
    return create(c, model, json, versionedBodySchema)
  })

  for (const model of models) {
    const path = `/models/${model.name}/predictions`
    document(app, {
      method: 'post',
      path,
      operationId: `models.predictions.create.${model.name.replace('/', '.')}`,
      summary: `Create a prediction with ${model.name}`,
      request: { headers: createHeaders, body: bodyOf(createBodyJsonSchema(model.inputJsonSchema)) },
      responses,
    })
    app.post(path, async (c) => create(c, model, await readJson(c)))
  }
  app.post('/models/:owner/:name/predictions', () => {
    throw new Problem(404, 'Model not found')
  })
  return app
}
