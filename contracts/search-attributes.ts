/**
 * Custom search attributes and their types, as `temporal server start-dev` registers them. Temporal keeps them readable,
 * unlike payloads: names of tenants and models, states and times, nothing of a photo or a person.
 */
export const searchAttributes = {
  /** Whose prediction it is. */
  IdemTenant: 'Keyword',
  IdemModel: 'Keyword',
  /** starting, processing, succeeded, failed or canceled. */
  IdemStatus: 'Keyword',
  /** One of `failures`, where it failed. */
  IdemFailure: 'Keyword',
  /** When photos, vectors and images of an ended prediction go. */
  IdemExpiresAt: 'Datetime',
} as const
