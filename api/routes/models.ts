import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { boundedString } from '../../lib/bounded-schema.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { jsonOf, maxPathName, pageOf, problems } from '../document.ts'
import { type JsonSchema, toJsonSchema } from '../json-schema.ts'
import type { ServedModel } from '../models/served-model.ts'
import { Problem } from '../problem.ts'
import { createRouter } from '../router.ts'

const versionSchema = z
  .object({
    id: z.string(),
    created_at: z.iso.datetime(),
    cog_version: z.string(),
    openapi_schema: z.record(z.string(), z.unknown()),
  })
  .openapi('ModelVersion')

const modelSchema = z
  .object({
    url: z.url(),
    owner: z.string(),
    name: z.string(),
    description: z.string(),
    visibility: z.enum(['public', 'private']),
    github_url: z.url().nullable(),
    paper_url: z.url().nullable(),
    license_url: z.url().nullable(),
    run_count: z.int(),
    cover_image_url: z.url().nullable(),
    default_example: z.null(),
    latest_version: versionSchema,
  })
  .openapi('Model')

const modelParams = z.object({
  owner: boundedString(maxPathName).openapi({ param: { name: 'owner', in: 'path' }, example: 'idem' }),
  name: boundedString(maxPathName).openapi({ param: { name: 'name', in: 'path' }, example: 'arc2face' }),
})
const versionParams = modelParams.extend({
  id: boundedString(maxPathName).openapi({ param: { name: 'id', in: 'path' } }),
})

const path = '/models/{owner}/{name}'
const routes = {
  list: createRoute({
    method: 'get',
    path: '/models',
    operationId: 'models.list',
    summary: 'List the models',
    responses: { 200: jsonOf(pageOf(modelSchema), 'All models'), ...problems() },
  }),
  get: createRoute({
    method: 'get',
    path,
    operationId: 'models.get',
    summary: 'Get a model',
    request: { params: modelParams },
    responses: { 200: jsonOf(modelSchema, 'The model'), ...problems(404) },
  }),
  versions: createRoute({
    method: 'get',
    path: `${path}/versions`,
    operationId: 'models.versions.list',
    summary: 'List the versions of a model: only the version of the current bundle',
    request: { params: modelParams },
    responses: { 200: jsonOf(pageOf(versionSchema), 'All versions'), ...problems(404) },
  }),
  version: createRoute({
    method: 'get',
    path: `${path}/versions/{id}`,
    operationId: 'models.versions.get',
    summary: 'Get a version of a model, with the schemas of its input and output',
    request: { params: versionParams },
    responses: { 200: jsonOf(versionSchema, 'The version'), ...problems(404) },
  }),
}

/** The OpenAPI schema of a version, as Replicate's clients read it: `components.schemas.Input` and `Output`. */
const openapiSchema = ({ name, inputJsonSchema, output }: ServedModel): JsonSchema => {
  const ordered = Object.entries(inputJsonSchema.properties ?? {}).map(([field, schema], index) => [
    field,
    { title: field.replaceAll('_', ' '), 'x-order': index, ...schema },
  ])
  return {
    openapi: '3.1.0',
    info: { title: name, version: '1' },
    paths: {},
    components: {
      schemas: {
        Input: { title: 'Input', ...inputJsonSchema, properties: Object.fromEntries(ordered) },
        Output: { title: 'Output', ...toJsonSchema(output, 'output') },
      },
    },
  }
}

/**
 * Version of Cog, Replicate's packager, which this API does not use. For lower versions Replicate's Python client
 * treats every list as an iterator, whatever the schema says.
 */
const cogVersion = '0.3.9'

export const createModelRoutes = ({ publicUrl }: ApiDeps, models: readonly ServedModel[]): OpenAPIHono<ApiEnv> => {
  const app = createRouter()

  const versionOf = (model: ServedModel) => ({
    id: model.version,
    created_at: model.createdAt.toISOString(),
    cog_version: cogVersion,
    openapi_schema: openapiSchema(model),
  })
  const show = (model: ServedModel): z.infer<typeof modelSchema> => {
    const [owner = '', name = ''] = model.name.split('/')
    return {
      url: `${publicUrl}/v1/models/${model.name}`,
      owner,
      name,
      description: model.description,
      visibility: 'public',
      github_url: null,
      paper_url: null,
      license_url: null,
      run_count: 0,
      cover_image_url: null,
      default_example: null,
      latest_version: versionOf(model),
    }
  }
  const find = ({ owner, name }: { owner: string; name: string }): ServedModel => {
    const model = models.find((candidate) => candidate.name === `${owner}/${name}`)
    if (!model) throw new Problem(404, 'Model not found')
    return model
  }
  const all = <T>(results: T[]) => ({ previous: null, next: null, results })

  app.openapi(routes.list, (c) => c.json(all(models.map(show)), 200))
  app.openapi(routes.get, (c) => c.json(show(find(c.req.valid('param'))), 200))
  app.openapi(routes.versions, (c) => c.json(all([versionOf(find(c.req.valid('param')))]), 200))
  app.openapi(routes.version, (c) => {
    const model = find(c.req.valid('param'))
    if (c.req.valid('param').id !== model.version) throw new Problem(404, 'Version not found')
    return c.json(versionOf(model), 200)
  })
  return app
}
