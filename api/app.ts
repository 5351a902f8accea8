import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { requestId } from 'hono/request-id'
import { secureHeaders } from 'hono/secure-headers'
import { type Queue, queues } from '../contracts/queues.ts'
import { saysErased, saysKeyUnknown } from '../lib/crypto/encryption-error.ts'
import { createBoundedFiles, createBoundedStore } from '../storage/bounded-store.ts'
import { ArtifactStoreError } from '../storage/store.ts'
import { OrchestratorUnavailable } from '../temporal/orchestrator.ts'
import { type Access, createTenantOf } from './access.ts'
import { type CodecServerDeps, createCodecServer } from './codec-server.ts'
import type { ApiDeps } from './deps.ts'
import { identify, requireTenant } from './middleware/identify.ts'
import { requireKnownHost } from './middleware/known-host.ts'
import { limitRate, type RateLimiter } from './middleware/rate-limit.ts'
import { refuseCrossSite } from './middleware/same-site.ts'
import type { Model } from './models/define-model.ts'
import { models as registeredModels } from './models/index.ts'
import { serveModel } from './models/served-model.ts'
import { createPredictionReader } from './prediction-reader.ts'
import { Problem } from './problem.ts'
import { createRouter } from './router.ts'
import { createAccountRoutes } from './routes/account.ts'
import { createCreateRoutes } from './routes/create.ts'
import { createDocsRoutes, type ReadViewerFile } from './routes/docs.ts'
import { createSignedFileRoutes, createUploadRoutes } from './routes/files.ts'
import { createHealthRoutes } from './routes/health.ts'
import { createModelRoutes } from './routes/models.ts'
import { createPageRoutes, type PageFiles } from './routes/page.ts'
import { createPredictionRoutes } from './routes/predictions.ts'
import { createStreamRoutes } from './routes/stream.ts'
import { createVerifySignedRequest } from './signed-request.ts'

const retryAfterSeconds = '2'
/** A caller is answered 503 if the store hangs. Enough for the largest photo over a slow line to the store. */
const storeBound = { timeoutMs: 10_000 }

const toProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error
  const headers = { 'retry-after': retryAfterSeconds }
  if (error instanceof OrchestratorUnavailable) {
    return new Problem(503, 'Temporal is unavailable; try again shortly', { headers, cause: error })
  }
  if (error instanceof ArtifactStoreError && error.retryable) {
    return new Problem(503, 'The artifact store is unavailable; try again shortly', { headers, cause: error })
  }
  if (saysErased(error)) return new Problem(410, 'The data of that prediction has been erased', { cause: error })
  if (saysKeyUnknown(error)) {
    const detail =
      'This server lacks the key that this data is encrypted with; its operator finds the id of the key in the log'
    return new Problem(503, detail, { headers, cause: error })
  }
  if (error instanceof HTTPException && error.status < 500) {
    return new Problem(error.status, error.message || 'The request is malformed', { cause: error })
  }
  return new Problem(500, 'Something went wrong on our side', { cause: error })
}

export interface FinishedRequest {
  requestId: string
  method: string
  /** The route's pattern, without ids. */
  route: string
  status: number
  ms: number
  tenant?: string
  predictionId?: string
}

export interface AppOptions extends Omit<ApiDeps, 'models' | 'tenantOf'> {
  /** Defaults to the models in `api/models/index.ts`. */
  models?: readonly Model[]
  /** The tokens of the API. If omitted, requests need no token and all belong to one local tenant. */
  access?: Access
  /** Applies to each caller. If omitted, requests are not limited. */
  rateLimiter?: RateLimiter
  /** Origins of pages that may use the API from a browser; none by default. */
  corsOrigins?: readonly string[]
  /** Decodes payloads for the Temporal UI, at `/codec`. */
  codec?: CodecServerDeps
  /** Reads the files of the API viewer at `/docs`. */
  readViewerFile?: ReadViewerFile
  /** Files of the page at `/`. */
  pageFiles?: PageFiles
  /** The queues that need a worker before `/readyz` answers 200. Defaults to all of them. */
  readyQueues?: readonly Queue[]
  /** Called for every response with status 500 or above. */
  onError?: (error: Error, requestId: string) => void
  onRequest?: (request: FinishedRequest) => void
  /** Traces every request; `traceId` returns the id of the current trace. */
  tracing?: { middleware: MiddlewareHandler; traceId: () => string | undefined }
}

/**
 * The public HTTP API as a Hono app. It uses only web standards: entry points pass in whatever depends on the runtime.
 *
 * @example
 * const app = await createApp({ orchestrator, store, published, bundle, publicUrl, …, access })
 * serve({ fetch: app.fetch, port: 8787 })
 */
export const createApp = async (options: AppOptions) => {
  const { access, rateLimiter, corsOrigins = [], codec, readViewerFile, pageFiles, onError } = options
  const { onRequest, tracing, readyQueues = Object.keys(queues) as Queue[] } = options
  const tenantOf = createTenantOf(access)
  const deps: ApiDeps = {
    ...options,
    tenantOf,
    store: createBoundedStore(options.store, storeBound),
    published: createBoundedFiles(options.published, storeBound),
    models: options.models ?? registeredModels,
  }
  const reader = createPredictionReader(deps)
  const models = await Promise.all(deps.models.map((model) => serveModel(model, deps.bundle)))
  const app = createRouter()
  const respond = (problem: Problem) => problem.toResponse(tracing?.traceId())

  if (tracing) app.use(tracing.middleware)
  app.use((c, next) => {
    c.set('arrivedAt', performance.now())
    return next()
  })
  app.use(requestId())
  if (onRequest) {
    app.use(async (c, next) => {
      const startedAt = performance.now()
      await next()
      const { requestId: id, tenant } = c.var
      const predictionId = c.var.predictionId ?? /^\/v1\/predictions\/([0-9a-z]{26})(?:\/|$)/.exec(c.req.path)?.[1]
      const ms = Math.round(performance.now() - startedAt)
      const { method, routePath: route } = c.req
      onRequest({
        requestId: id,
        method,
        route,
        status: c.res.status,
        ms,
        ...(tenant && { tenant }),
        ...(predictionId && { predictionId }),
      })
    })
  }
  app.use(secureHeaders({ crossOriginResourcePolicy: corsOrigins.length > 0 ? 'cross-origin' : 'same-origin' }))
  if (corsOrigins.length > 0) app.use('/v1/*', cors({ origin: [...corsOrigins], exposeHeaders: ['retry-after'] }))
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (_, methods) => {
        const allow = methods.sort().join(', ')
        return respond(new Problem(405, `This URL accepts only ${allow}`, { headers: { allow } }))
      },
    }),
  )
  if (!access) app.use(requireKnownHost(options.publicUrl))
  // Not for the codec server: the Temporal UI has another origin, which the codec server checks itself.
  app.use('/v1/*', refuseCrossSite({ publicUrl: options.publicUrl, corsOrigins }))
  app.onError((error, c) => {
    const problem = toProblem(error)
    if (problem.status >= 500) onError?.((problem.cause as Error | undefined) ?? problem, c.get('requestId'))
    return respond(problem)
  })

  // Not counted: probes of an orchestrator must be answered, and cost nothing.
  app.route('/', createHealthRoutes(deps, { readyQueues }))
  const verifySignedRequest = createVerifySignedRequest({ signingKeys: options.urlSigningKeys, tenantOf })
  app.use(identify({ access, verifySignedRequest }))
  if (rateLimiter) app.use(limitRate(rateLimiter))
  if (readViewerFile) app.route('/', createDocsRoutes(readViewerFile))
  if (pageFiles) app.route('/', createPageRoutes(deps, pageFiles))
  if (codec) app.route('/codec', createCodecServer(codec))

  app.use('/v1/*', requireTenant)
  app.route('/v1', createSignedFileRoutes(deps))
  app.route('/v1', createAccountRoutes(deps))
  app.route('/v1', createModelRoutes(deps, models))
  app.route('/v1', createCreateRoutes(deps, reader, models))
  app.route('/v1', createUploadRoutes(deps))
  app.route('/v1', createPredictionRoutes(deps, reader))
  app.route('/v1', createStreamRoutes(deps, reader))

  if (access) {
    app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  }
  let document: string | undefined
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'Idem',
          version: '1',
          description: 'Generates new photos of the person in a photo. Compatible with the HTTP API of Replicate.',
        },
        servers: [{ url: options.publicUrl }],
        ...(access && { security: [{ token: [] }] }),
      }),
    )
    return c.body(document, 200, { 'content-type': 'application/json' })
  })

  app.notFound(() => respond(new Problem(404, 'Not found: no route matches this URL')))
  return app
}
