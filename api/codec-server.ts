import type { Payload } from '@temporalio/common'
import { Hono } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { cors } from 'hono/cors'
import { z } from 'zod'
import { fromBase64, toBase64 } from '../lib/base64.ts'
import { EncryptionError } from '../lib/crypto/encryption-error.ts'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { mapValues } from '../lib/map-values.ts'
import { createPayloadViewer, type PayloadViewer } from '../temporal/payload-codec.ts'
import type { FindToken } from './middleware/auth.ts'

export interface CodecServerDeps {
  /** Decodes the payloads of a namespace. */
  viewerFor: (namespace: string) => PayloadViewer
  /** Whether this token may read payloads. The Temporal UI sends it as a bearer token or in the path. */
  allows: (token: string) => boolean | Promise<boolean>
  /** Origin of the Temporal UI, the only one that CORS allows. */
  uiOrigin: string
}

/** Options of a codec server that uses `keyRing` and accepts `codecToken` and the tokens of operators. */
export const openCodecServer = ({
  keyRing,
  codecToken,
  findToken,
  temporalUiUrl,
}: {
  keyRing: KeyRing
  codecToken: string | undefined
  findToken: FindToken | undefined
  temporalUiUrl: string
}): CodecServerDeps => ({
  viewerFor: (namespace) => createPayloadViewer(keyRing, { namespace }),
  allows: async (token) => token === codecToken || (await findToken?.(token))?.scope === 'operator',
  uiOrigin: new URL(temporalUiUrl).origin,
})

const base64Schema = z.string().transform((text, context) => {
  const bytes = fromBase64(text)
  if (bytes) return bytes
  context.addIssue({ code: 'custom', message: 'not base64' })
  return z.NEVER
})

// Protobuf's JSON encoding: bytes are base64, and empty fields are omitted.
const requestSchema = z.object({
  payloads: z
    .array(
      z.object({
        metadata: z.record(z.string(), base64Schema).nullish(),
        data: base64Schema.nullish(),
      }),
    )
    .nullish(),
})

const toJson = ({ metadata, data }: Payload) => ({
  metadata: mapValues(metadata ?? {}, (value) => toBase64(value)),
  ...(data?.length ? { data: toBase64(data) } : {}),
})

const namespaceSchema = z.string().regex(/^[\w.-]{1,255}$/)

/**
 * `POST /decode` as the Temporal UI and CLI call it: `{ payloads: [{ metadata, data }] }` with bytes in base64, the
 * namespace in `X-Namespace`, and `Authorization: Bearer …`. Errors are RFC 9457 documents. `POST /encode` is refused:
 * permission to read payloads does not include writing them, and a payload encoded here would not be bound to a place.
 */
export const createCodecServer = ({ viewerFor, allows, uiOrigin }: CodecServerDeps) => {
  const app = new Hono()
  const problem = (status: 400 | 401 | 403 | 422, title: string) =>
    Response.json({ title, status }, { status, headers: { 'content-type': 'application/problem+json' } })

  app.use(
    cors({
      origin: uiOrigin,
      allowMethods: ['POST'],
      allowHeaders: ['authorization', 'content-type', 'x-namespace'],
      credentials: true,
      maxAge: 600,
    }),
  )
  const bearer = bearerAuth({ verifyToken: (token) => allows(token) })
  for (const path of ['encode', 'decode']) {
    app.use(`/${path}`, bearer)
    // The UI of `npm start` cannot send a token, so its codec endpoint has one in the path.
    app.use(`/:token/${path}`, async (c, next) =>
      (await allows(c.req.param('token'))) ? next() : problem(401, 'The token is invalid'),
    )
  }
  app.on('POST', ['/decode', '/:token/decode'], async (c) => {
    const namespace = namespaceSchema.safeParse(c.req.header('x-namespace'))
    if (!namespace.success) return problem(400, 'The X-Namespace header must name a namespace')
    const body = requestSchema.safeParse(await c.req.json().catch(() => undefined))
    if (!body.success) return problem(400, 'The body is not {"payloads": [{"metadata": {…}, "data": "base64"}]}')
    try {
      const payloads = await viewerFor(namespace.data).decode(body.data.payloads ?? [])
      return c.json({ payloads: payloads.map(toJson) }, 200, { 'cache-control': 'no-store' })
    } catch (error) {
      if (error instanceof EncryptionError) return problem(422, error.message)
      throw error
    }
  })
  app.on('POST', ['/encode', '/:token/encode'], () =>
    problem(403, 'This codec only decodes; only the API and the workers encode payloads'),
  )
  return app
}
