import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { requestId } from 'hono/request-id'
import { secureHeaders } from 'hono/secure-headers'
import { ArtifactStoreError } from '../contracts/artifacts.ts'
import { limits } from '../contracts/limits.ts'
import type { ApiDeps, ApiEnv } from './deps.ts'
import { OrchestratorUnavailable } from './orchestrator.ts'
import { Problem } from './problem.ts'
import { createSignedFileRoutes, createUploadRoutes } from './routes/files.ts'
import { createPredictionRoutes } from './routes/predictions.ts'

const retryAfterSeconds = '2'

const toProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error
  const headers = { 'retry-after': retryAfterSeconds }
  if (error instanceof OrchestratorUnavailable) {
    return new Problem(503, 'The orchestrator does not answer; try again soon', { headers, cause: error })
  }
  if (error instanceof ArtifactStoreError && error.retryable) {
    return new Problem(503, 'The artifact store does not answer; try again soon', { headers, cause: error })
  }
  return new Problem(500, 'Something went wrong on our side', { cause: error })
}

export interface AppOptions extends ApiDeps {
  /** Called with what went wrong on our side. */
  onError?: (error: Error, requestId: string) => void
}

/** The public API. Web standards only: entry points hand in what differs from one runtime to the next. */
export const createApp = ({ onError, ...deps }: AppOptions) => {
  const app = new Hono<ApiEnv>()

  app.use(requestId())
  app.use(secureHeaders())
  app.onError((error, c) => {
    const problem = toProblem(error)
    if (problem.status >= 500) onError?.((problem.cause as Error | undefined) ?? problem, c.get('requestId'))
    return problem.toResponse()
  })
  app.notFound(() => new Problem(404, 'There is nothing at this address').toResponse())

  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/readyz', async (c) => {
    await deps.orchestrator.ping()
    return c.json({ status: 'ready' })
  })

  app.use(
    '/v1/*',
    bodyLimit({
      maxSize: limits.requestBytes,
      onError: () => new Problem(413, `A request has at most ${limits.requestBytes} bytes`).toResponse(),
    }),
  )
  app.use('/v1/*', async (c, next) => {
    c.set('tenant', 'local')
    await next()
  })
  app.route('/v1', createSignedFileRoutes(deps))
  app.route('/v1', createUploadRoutes(deps))
  app.route('/v1', createPredictionRoutes(deps))
  return app
}
