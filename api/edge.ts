import { type KeyRing, keyPurposes } from '../lib/crypto/key-ring.ts'
import { scrub } from '../lib/log-scrub.ts'
import { createHttpOrchestrator } from '../temporal/http-orchestrator.ts'
import { createPayloadCodec } from '../temporal/payload-codec.ts'
import { type AppOptions, createApp } from './app.ts'
import { clientAddress } from './client-address.ts'
import { openCodecServer } from './codec-server.ts'
import { type EdgeConfig, type EdgeEnv, readEdgeConfig } from './edge-config.ts'
import { forgedWorkflow } from './forged-workflow.ts'
import { callerKey, type RateLimiter } from './middleware/rate-limit.ts'
import { Problem } from './problem.ts'

/** Cloudflare's rate limits have periods of 10 or 60 seconds, and do not report when a period ends. */
const rateLimitSeconds = 60

const log = (level: 'error' | 'info', fields: object, msg: string) =>
  console[level](JSON.stringify({ level, name: 'api', ...scrub(fields), msg }))

/** Derives all keys up front: a request must not wait for work that another request started and may never finish. */
const warmUp = async (ring: KeyRing): Promise<void> => {
  for (const id of ring.ids) await Promise.all(keyPurposes.map((purpose) => ring.key(id, purpose)))
}

const rateLimiterOf = (env: EdgeEnv): RateLimiter => ({
  take: async (caller) => {
    const binding = 'address' in caller ? env.IDEM_ADDRESS_RATE_LIMITER : env.IDEM_RATE_LIMITER
    if (!binding || (await binding.limit({ key: callerKey(caller) })).success) return undefined
    return { limit: 'your rate limit allows', retryAfterSeconds: rateLimitSeconds }
  },
})

const logging = (level: string): Pick<AppOptions, 'onError' | 'onRequest'> => ({
  onError: (error, requestId) => log('error', { requestId, err: error }, 'request failed'),
  ...(!['error', 'warn'].includes(level) && { onRequest: (request) => log('info', request, 'request') }),
})

const createEdgeApp = async (config: EdgeConfig, env: EdgeEnv) => {
  const { temporal, keyRing, tokens, codecToken: _, logLevel, accept, ...rest } = config
  const readTokens = async () => tokens
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
    // Cloudflare sets the header itself, whatever the client sends.
    access: { readTokens, addressOf: (c) => clientAddress(c.req.header('cf-connecting-ip'), undefined, []) },
    rateLimiter: rateLimiterOf(env),
    codec: openCodecServer({ ...config, readTokens }),
  })
}

type App = Awaited<ReturnType<typeof createApp>>

/** Reused by later requests. Requests that arrive before it is set create their own: none waits for another's I/O. */
let app: App | undefined

const openApp = async (env: EdgeEnv): Promise<App> => {
  app = await createEdgeApp(await readEdgeConfig(env), env)
  return app
}

/** The API for Cloudflare Workers and others that call `fetch(request, env)`: no Node builtins, gRPC or files. */
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
