import { z } from 'zod'
import { sameText } from '../lib/crypto/same-text.ts'
import { sha256Hex } from '../lib/sha256.ts'

export const tenantSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'A tenant name has 1 to 63 characters from a-z, 0-9, - and _, and starts with a letter or digit',
  )

/** What a token permits: `api`, all requests of its tenant; `operator`, reading payloads in the Temporal UI. */
const tokenScopes = ['api', 'operator'] as const

const tokenSchema = z.strictObject({
  /** Shown to people: the start of the hash. */
  id: z.string(),
  tenant: tenantSchema,
  scope: z.enum(tokenScopes),
  /** Hash of the token in hexadecimal. A token has 256 random bits, so the hash does not reveal it. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created_at: z.iso.datetime(),
  note: z.string().optional(),
})

/** Content of the file named by IDEM_TOKENS. */
export const tokenFileSchema = z.strictObject({ tokens: z.array(tokenSchema) })

export type TokenRecord = z.infer<typeof tokenSchema>
export type TokenScope = TokenRecord['scope']

/** Base32 without letters that are easily misread. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const secretLength = 52

/** Creates a token. Only the record is stored, not the token. */
export const makeToken = async (
  tenant: string,
  { scope = 'api', note }: { scope?: TokenScope; note?: string } = {},
): Promise<{ token: string; record: TokenRecord }> => {
  const random = crypto.getRandomValues(new Uint8Array(secretLength))
  const token = `idem_${Array.from(random, (byte) => alphabet[byte & 31]).join('')}`
  const sha256 = await hashToken(token)
  const created_at = new Date().toISOString()
  return { token, record: { id: sha256.slice(0, 12), tenant, scope, sha256, created_at, ...(note && { note }) } }
}

const hashToken = (token: string): Promise<string> => sha256Hex(new TextEncoder().encode(token))

/** Finds the record of a token. Compares with all records, so that the time reveals nothing. */
export const findToken = async (token: string, records: readonly TokenRecord[]): Promise<TokenRecord | undefined> => {
  const hash = await hashToken(token)
  let found: TokenRecord | undefined
  for (const record of records) if (sameText(hash, record.sha256)) found = record
  return found
}
