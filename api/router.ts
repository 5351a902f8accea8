import { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiEnv } from './deps.ts'
import { validationProblem } from './parse-body.ts'
import { Problem } from './problem.ts'

const places: Record<string, string> = { json: 'body', form: 'body', query: 'query', header: 'header' }

/**
 * A router with documented routes that answers a 422 problem if a request does not match a route's schema, or 404 if its path
 * does not.
 */
export const createRouter = () =>
  new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return
      if (result.target === 'param') throw new Problem(404, 'There is nothing at this address')
      throw validationProblem(result.error.issues, [places[result.target] ?? result.target])
    },
  })
