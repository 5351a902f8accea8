/**
 * Custom search attributes and their types, as `temporal server start-dev` registers them. Unlike payloads they are not
 * encrypted, so they only hold names of tenants and models, states and times: nothing about a photo or a person.
 */
export const searchAttributes = {
  /** The tenant that owns the prediction. */
  IdemTenant: 'Keyword',
  IdemModel: 'Keyword',
  /** starting, processing, succeeded, failed or canceled. */
  IdemStatus: 'Keyword',
  /** One of `failures`, if the prediction failed. */
  IdemFailure: 'Keyword',
  /** When photos, vectors and images of an ended prediction are removed. */
  IdemExpiresAt: 'Datetime',
} as const
