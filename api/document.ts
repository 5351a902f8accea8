import { type OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi'
import { predictionSchema } from '../contracts/prediction.ts'
import { predictionIdPattern } from '../contracts/prediction-id.ts'
import type { ApiEnv } from './deps.ts'

// Pieces of the OpenAPI document that several routes share.

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() }))
      .optional(),
    errors_omitted: z.int().optional().describe('How many more errors there are than `errors` lists.'),
  })
  .openapi('Problem', { description: 'RFC 9457' })

const problemTexts: Record<number, string> = {
  400: 'The request is none: a header or the JSON',
  401: 'No token, or one that is not valid',
  403: 'Not allowed, or a signed URL that is wrong or has expired',
  404: 'Not there, or not of this tenant',
  409: 'In conflict with how things stand',
  410: 'Its data has been removed',
  413: 'Too large',
  415: 'Of a type that is not taken',
  422: 'A field is wrong; `errors` says which and why',
  429: 'Too many; `Retry-After` says when to come back',
  500: 'Something went wrong on our side',
  503: 'Temporal or the artifact store is away; `Retry-After` says when to come back',
}

/** Responses with problem documents. Every route may answer 401, 403, 429, 500 and 503. */
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

/** A response, or a request's body, in JSON. */
export const jsonOf = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** A schema of `contracts/` under a name of its own in the document: only schemas made here can be given one. */
export const named = <S extends z.ZodRawShape>(schema: z.ZodObject<S>, name: string) =>
  z.object(schema.shape).openapi(name)

export const predictionDocument = named(predictionSchema, 'Prediction')

/** A page of a list, and the URLs of its neighbours. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ previous: z.url().nullable(), next: z.url().nullable(), results: z.array(item) })

const example = '4y8m2f6q0v1n5d7r3k9w2t8x6c'
/** The id of a prediction or a file in a path. */
export const idParam = z.object({
  id: z.string().openapi({ param: { name: 'id', in: 'path' }, pattern: predictionIdPattern.source, example }),
})

/** Documents a route whose handler reads the request by itself. */
export const document = (app: OpenAPIHono<ApiEnv>, route: RouteConfig): void => app.openAPIRegistry.registerPath(route)
