import { errorCode } from '../../lib/error-code.ts'
import type { UnreachableReason } from './guarded-fetch-error.ts'

const byCode: Record<string, UnreachableReason | undefined> = {
  ENOTFOUND: 'name_not_found',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
}

const patterns: readonly [RegExp, UnreachableReason][] = [
  // OpenSSL's names, as in Node's "X509 certificate error codes".
  [/CERT|CRL|ISSUER|SELF_SIGNED|INVALID_CA|HOSTNAME_MISMATCH/, 'certificate'],
  [/^(HPE_|Z_|ERR_BROTLI|ERR__ERROR_FORMAT|ERR_SSL)/, 'protocol'],
]

/** The kind of a failure of the network or of undici, only by the error's code: its message may hold the server's words. */
export const unreachableReason = (error: unknown): UnreachableReason => {
  // undici gives a parser's error a code only sometimes.
  if (error instanceof Error && error.name === 'HTTPParserError') return 'protocol'
  const code = errorCode(error)
  return byCode[code] ?? patterns.find(([pattern]) => pattern.test(code))?.[1] ?? 'connection'
}
