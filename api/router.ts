import { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiEnv } from './deps.ts'
import { validationProblem } from './parse-body.ts'

const places: Record<string, string> = { json: 'body', form: 'body', param: 'path', query: 'query', header: 'header' }

/** A router with documented routes that answers a 422 problem if a request does not match a route's schema. */
export const createRouter = () =>
  new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw validationProblem(result.error.issues, [places[result.target] ?? result.target])
    },
  })
