import { type KeyRing, keyPurposes } from '../lib/crypto/key-ring.ts'
import { scrub } from '../lib/log-scrub.ts'
import { createHttpOrchestrator } from '../temporal/http-orchestrator.ts'
import { createPayloadCodec } from '../temporal/payload-codec.ts'
import { type AppOptions, createApp } from './app.ts'
import { openCodecServer } from './codec-server.ts'
import { type EdgeConfig, type EdgeEnv, readEdgeConfig } from './edge-config.ts'
import { forgedWorkflow } from './forged-workflow.ts'
import type { RateLimiter } from './middleware/rate-limit.ts'
import { Problem } from './problem.ts'
import { findToken } from './token-records.ts'

/** Cloudflare's limits are by 10 or 60 seconds, and do not tell when one is over. */
const rateLimitSeconds = 60

const log = (level: 'error' | 'info', fields: object, msg: string) =>
  console[level](JSON.stringify({ level, name: 'api', ...scrub(fields), msg }))

/** Derives keys now: no later request then waits for the crypto of another one, which may be gone. */
const warmUp = async (ring: KeyRing): Promise<void> => {
  for (const id of ring.ids) await Promise.all(keyPurposes.map((purpose) => ring.key(id, purpose)))
}

const rateLimiterOf = ({ IDEM_RATE_LIMITER: binding }: EdgeEnv): RateLimiter | undefined =>
  binding && {
    limit: 'the requests of your rate limit',
    take: async (tenant) => ((await binding.limit({ key: tenant })).success ? undefined : rateLimitSeconds),
  }

const logging = (level: string): Pick<AppOptions, 'onError' | 'onRequest'> => ({
  onError: (error, requestId) => log('error', { requestId, err: error }, 'request failed'),
  ...(!['error', 'warn'].includes(level) && { onRequest: (request) => log('info', request, 'request') }),
})

const createEdgeApp = async (config: EdgeConfig, env: EdgeEnv) => {
  const { temporal, keyRing, tokens, codecToken: _, logLevel, accept, maxRunning, ...rest } = config
  const rateLimiter = rateLimiterOf(env)
  const find = (token: string) => findToken(token, tokens)
  await warmUp(keyRing)
  return createApp({
    ...rest,
    ...logging(logLevel),
    orchestrator: createHttpOrchestrator({
      ...temporal,
      codec: createPayloadCodec(keyRing, { namespace: temporal.namespace, accept }),
      accept,
      onForged: (predictionId, error) => log('error', { predictionId, err: error }, forgedWorkflow),
    }),
    sharedWatch: false,
    findToken: find,
    ...(maxRunning && { maxRunning }),
    ...(rateLimiter && { rateLimiter }),
    codec: openCodecServer({ ...config, findToken: find }),
  })
}

type App = Awaited<ReturnType<typeof createApp>>

/** Kept from one request to the next; each request that finds none makes its own, and waits for no other one. */
let app: App | undefined

const openApp = async (env: EdgeEnv): Promise<App> => {
  app = await createEdgeApp(await readEdgeConfig(env), env)
  return app
}

/** The API for Cloudflare Workers, and for whatever calls `fetch(request, env)`: no builtin of Node, no gRPC, no files. */
export default {
  async fetch(request: Request, env: EdgeEnv): Promise<Response> {
    try {
      return await (app ?? (await openApp(env))).fetch(request)
    } catch (error) {
      log('error', { err: error }, 'The configuration is malformed')
      return new Problem(500, 'Something went wrong on our side').toResponse()
    }
  },
}
