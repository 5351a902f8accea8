/** Limits that the API and the workers enforce. */
export const limits = {
  /** Size of a photo as it is sent. */
  photoBytes: 20 * 1024 * 1024,
  /** Width times height of a photo. */
  photoPixels: 50_000_000,
  /** Shortest side of a photo. */
  photoMinSidePx: 32,
  /** Passes over the picture of a progressive JPEG; programs write about ten. */
  photoScans: 100,
  /** Photos of one prediction. */
  photos: 16,
  /** Images of one prediction. */
  images: 16,
  steps: 100,
  /** Numbers of a face vector; a bundle says how many exactly. */
  vectorNumbers: 4096,
  guidanceScale: 20,
  /** How many times an image may be made to reach a similarity. */
  attempts: 10,
  /** Size of a request's body: a photo in base64, and other fields. */
  requestBytes: 32 * 1024 * 1024,
  /** Number of values in a request's JSON, at any depth: a vector and other fields. */
  jsonValues: 10_000,
  jsonDepth: 32,
  /** How often the vector of one person is copied on, from prediction to prediction. */
  derivations: 50,
  /** How long signed URLs of outputs are valid. */
  outputUrlSeconds: 3600,
} as const
