import { type OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi'
import { predictionSchema } from '../contracts/prediction.ts'
import { predictionIdPattern } from '../contracts/prediction-id.ts'
import { boundedString } from '../lib/bounded-schema.ts'
import type { ApiEnv } from './deps.ts'

// Parts of the OpenAPI document that several routes share.

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() }))
      .optional(),
    errors_omitted: z.int().optional().describe('How many errors are not listed in `errors`.'),
  })
  .openapi('Problem', { description: 'RFC 9457' })

const problemTexts: Record<number, string> = {
  400: 'The request is malformed: a header or the JSON is invalid',
  401: 'The token is missing or invalid',
  403: 'The request is not allowed, or the signed URL is invalid or has expired',
  404: 'Not found, or owned by another tenant',
  409: 'The request conflicts with the current state',
  410: 'The data has been removed',
  413: 'The request body is too large',
  415: 'The content type is not supported',
  422: 'One or more fields are invalid; see `errors`',
  429: 'Too many requests or predictions; retry after the seconds in `Retry-After`',
  500: 'Something went wrong on our side',
  503: 'Temporal or the artifact store is unavailable; retry after the seconds in `Retry-After`',
}

/** Responses with problem documents: `statuses`, and those of every route (401, 403, 429, 500 and 503). */
export const problems = (...statuses: number[]) =>
  Object.fromEntries(
    [...new Set([401, 403, 429, 500, 503, ...statuses])].map((status) => [
      status,
      {
        description: problemTexts[status] ?? 'Problem',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  )

/** A response or request body in JSON. */
export const jsonOf = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** Gives a schema of `contracts/` a name in the document; only schemas created here can have one. */
export const named = <S extends z.ZodRawShape>(schema: z.ZodObject<S>, name: string) =>
  z.object(schema.shape).openapi(name)

export const predictionDocument = named(predictionSchema, 'Prediction')

/** One page of a list, with the URLs of the previous and next page. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ previous: z.url().nullable(), next: z.url().nullable(), results: z.array(item) })

/** The longest names in paths: of models, versions, predictions and files. */
export const maxPathName = 128

const example = '4y8m2f6q0v1n5d7r3k9w2t8x6c'
/** Path parameter: the id of a prediction or a file. */
export const idParam = z.object({
  id: boundedString(maxPathName).openapi({
    param: { name: 'id', in: 'path' },
    pattern: predictionIdPattern.source,
    example,
  }),
})

/** Documents a route whose handler parses the request itself. */
export const document = (app: OpenAPIHono<ApiEnv>, route: RouteConfig): void => app.openAPIRegistry.registerPath(route)
