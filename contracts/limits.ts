/** What the API and the workers agree to take. */
export const limits = {
  /** A photo, as sent. */
  photoBytes: 20 * 1024 * 1024,
  /** A request's body: a photo as base64 and some fields. */
  requestBytes: 32 * 1024 * 1024,
  /** How long signed URLs of outputs live. */
  outputUrlSeconds: 3600,
}
