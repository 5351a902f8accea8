/** Why an address was refused, before anything was sent to it. */
export type RefusalReason = 'malformed' | 'scheme' | 'credentials' | 'not_public'

/** Why a server could not be reached or understood. */
export type UnreachableReason =
  | 'timeout'
  | 'slow'
  | 'name_not_found'
  | 'certificate'
  | 'connection'
  | 'protocol'
  | 'redirects'

const refusals: Record<RefusalReason, string> = {
  malformed: 'The URL is malformed',
  scheme: 'Only http and https URLs are fetched',
  credentials: 'A URL must not carry a user name or a password',
  not_public: 'The URL does not lead to a public address',
}

const unreachables: Record<UnreachableReason, string> = {
  timeout: 'The server took too long',
  slow: 'The server sent its response too slowly',
  name_not_found: 'The host name does not exist',
  certificate: "The server's certificate is not valid for the host",
  connection: 'The connection to the server failed',
  protocol: "The server's answer could not be understood",
  redirects: 'The server redirected too often or to nowhere',
}

// A retry helps against none of these.
const permanent: ReadonlySet<UnreachableReason> = new Set(['slow', 'name_not_found', 'certificate', 'redirects'])

/**
 * A request that got no answer. Its words are ours alone: it keeps no cause, since the errors below it may carry what the
 * server sent or which address a name has inside a private network.
 */
export class GuardedFetchError extends Error {
  override name = 'GuardedFetchError'
  readonly kind: 'address_refused' | 'unreachable' | 'too_large'
  readonly retryable: boolean
  readonly details: { reason: RefusalReason | UnreachableReason } | { limitBytes: number }

  private constructor(
    kind: GuardedFetchError['kind'],
    message: string,
    retryable: boolean,
    details: GuardedFetchError['details'],
  ) {
    super(message)
    this.kind = kind
    this.retryable = retryable
    this.details = details
  }

  static addressRefused(reason: RefusalReason) {
    return new GuardedFetchError('address_refused', refusals[reason], false, { reason })
  }

  static unreachable(reason: UnreachableReason) {
    return new GuardedFetchError('unreachable', unreachables[reason], !permanent.has(reason), { reason })
  }

  static tooLarge(limitBytes: number) {
    return new GuardedFetchError('too_large', `The response is larger than ${limitBytes} bytes`, false, { limitBytes })
  }
}
