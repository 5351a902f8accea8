import type { Payload } from '@temporalio/common'
import { Hono } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { cors } from 'hono/cors'
import { z } from 'zod'
import { fromBase64, toBase64 } from '../lib/base64.ts'
import { boundedRecord, boundedString } from '../lib/bounded-schema.ts'
import { EncryptionError } from '../lib/crypto/encryption-error.ts'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { sameText } from '../lib/crypto/same-text.ts'
import { mapValues } from '../lib/map-values.ts'
import { createPayloadViewer, type PayloadViewer } from '../temporal/payload-codec.ts'
import type { Access } from './access.ts'
import { Problem, type ProblemStatus } from './problem.ts'
import { readBytes, toJson } from './read-body.ts'
import { findToken } from './token-records.ts'

export interface CodecServerDeps {
  /** Decodes the payloads of a namespace. */
  viewerFor: (namespace: string) => PayloadViewer
  /** Whether this bearer token may read payloads. */
  allows: (token: string) => boolean | Promise<boolean>
  /**
   * Whether this text in the path may: only a token that was made for a UI. Paths are shown in address bars, and kept in
   * browsers' histories and the logs of proxies.
   */
  allowsPath: (token: string) => boolean
  /** Origin of the Temporal UI, the only one that CORS allows. */
  uiOrigin: string
}

/** Options of a codec server that uses `keyRing` and accepts `codecToken` and the tokens of operators. */
export const openCodecServer = ({
  keyRing,
  codecToken,
  readTokens,
  temporalUiUrl,
}: {
  keyRing: KeyRing
  codecToken: string | undefined
  readTokens: Access['readTokens'] | undefined
  temporalUiUrl: string
}): CodecServerDeps => {
  const allowsPath = (token: string) => codecToken !== undefined && sameText(token, codecToken)
  return {
    viewerFor: (namespace) => createPayloadViewer(keyRing, { namespace }),
    allows: async (token) =>
      allowsPath(token) || (await findToken(token, (await readTokens?.()) ?? []))?.scope === 'operator',
    allowsPath,
    uiOrigin: new URL(temporalUiUrl).origin,
  }
}

/** A page of a history has at most 1000 events, and Temporal's messages at most 4 MiB. */
const bounds = { bytes: 16 * 1024 * 1024, payloads: 2_000, metadata: 32, jsonValues: 40_000 }

const base64Schema = boundedString(bounds.bytes).transform((text, context) => {
  const bytes = fromBase64(text)
  if (bytes) return bytes
  context.addIssue({ code: 'custom', message: 'not base64' })
  return z.NEVER
})

// Protobuf's JSON encoding: bytes are base64, and empty fields are omitted.
export const decodeRequestSchema = z.object({
  payloads: z
    .array(
      z.object({
        metadata: boundedRecord(base64Schema, { max: bounds.metadata }).nullish(),
        data: base64Schema.nullish(),
      }),
    )
    .max(bounds.payloads)
    .nullish(),
})

const writePayload = ({ metadata, data }: Payload) => ({
  metadata: mapValues(metadata ?? {}, (value) => toBase64(value)),
  ...(data?.length ? { data: toBase64(data) } : {}),
})

const namespaceSchema = boundedString(255).regex(/^[\w.-]+$/)

/**
 * `POST /decode` as the Temporal UI and CLI call it: `{ payloads: [{ metadata, data }] }` with bytes in base64, the
 * namespace in `X-Namespace`, and `Authorization: Bearer …`. Errors are RFC 9457 documents. `POST /encode` is refused:
 * permission to read payloads does not include writing them, and a payload encoded here would not be bound to a place.
 */
export const createCodecServer = ({ viewerFor, allows, allowsPath, uiOrigin }: CodecServerDeps) => {
  const app = new Hono()
  const problem = (status: ProblemStatus, title: string) =>
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
      allowsPath(c.req.param('token')) ? next() : problem(401, 'The token in the path is invalid'),
    )
  }
  for (const path of ['decode', 'encode']) {
    app.on('POST', [`/${path}`, `/:token/${path}`], async (c) => {
      const namespace = namespaceSchema.safeParse(c.req.header('x-namespace'))
      if (!namespace.success) return problem(400, 'The X-Namespace header must name a namespace')
      try {
        const json = toJson(await readBytes(c, bounds.bytes), { maxValues: bounds.jsonValues })
        const body = decodeRequestSchema.safeParse(json)
        if (!body.success) return problem(400, 'The body is not {"payloads": [{"metadata": {…}, "data": "base64"}]}')
        const payloads = body.data.payloads ?? []
        // The Temporal CLI has the payloads of every request encoded, also of those that have none.
        if (path === 'encode' && payloads.length > 0)
          return problem(403, 'This codec only decodes; only the API and the workers encode payloads')
        const decoded = await viewerFor(namespace.data).decode(payloads)
        return c.json({ payloads: decoded.map(writePayload) }, 200, { 'cache-control': 'no-store' })
      } catch (error) {
        if (error instanceof Problem) return problem(error.status, error.message)
        if (error instanceof EncryptionError) return problem(422, error.message)
        throw error
      }
    })
  }
  return app
}
