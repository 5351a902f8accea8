/** What the API and the workers agree to take. */
export const limits = {
  /** A photo, as sent. */
  photoBytes: 20 * 1024 * 1024,
  /** Width times height of a photo. */
  photoPixels: 50_000_000,
  /** Both sides of a photo. */
  photoMinSidePx: 32,
  /** Photos of one prediction. */
  photos: 16,
  /** Images of one prediction. */
  images: 16,
  steps: 100,
  guidanceScale: 20,
  /** How often an image may be made for its similarity. */
  attempts: 10,
  /** A request's body: a photo as base64 and some fields. */
  requestBytes: 32 * 1024 * 1024,
  /** How long signed URLs of outputs live. */
  outputUrlSeconds: 3600,
} as const
