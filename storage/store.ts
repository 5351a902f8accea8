/** What a list says of an artifact: S3's has no content types. */
export interface ListedArtifact {
  readonly key: string
  readonly bytes: number
  readonly modifiedAt: Date
}

/** What a store says of an artifact without reading it. */
export interface ArtifactInfo extends ListedArtifact {
  readonly contentType: string
}

/** `bytes` is the size of the whole artifact, also where a range was asked for. */
export interface Artifact extends ArtifactInfo {
  /** The whole artifact, or the range that was asked for. Read it or cancel it: it holds a file or a connection open. */
  readonly body: ReadableStream<Uint8Array>
}

export interface ArtifactPage {
  readonly artifacts: readonly ListedArtifact[]
  /** Where the next page starts; absent on the last one. */
  readonly cursor?: string
}

export interface PutOptions {
  contentType: string
  /** Keep what is there already; the answer says which it was. */
  ifAbsent?: boolean
}

export interface SignGetOptions {
  expiresInSeconds: number
  /** Whose URL it is. The API refuses URLs of those that are gone; a store that serves its URLs itself, as S3, cannot. */
  holder?: string
}

/**
 * Bytes by key. Keys are relative paths of `[A-Za-z0-9._-]` segments that do not start with a dot; no key is the folder
 * of another. A put is atomic: a reader sees the old bytes, the new ones or none. Failures are `ArtifactStoreError`.
 */
export interface ArtifactStore {
  /** `kept` says that something is there; after a lost answer and a second try it may be one's own bytes. */
  put(key: string, body: Uint8Array | ReadableStream<Uint8Array>, options: PutOptions): Promise<'written' | 'kept'>
  /**
   * Undefined if there is no such artifact. `range` is in bytes, both ends included; an end past the artifact's is
   * cut, a start past it is an error.
   */
  get(key: string, range?: { start: number; end?: number }): Promise<Artifact | undefined>
  head(key: string): Promise<ArtifactInfo | undefined>
  /** In key order, at most `limit` (1000) a page. */
  list(prefix: string, page?: { cursor?: string; limit?: number }): Promise<ArtifactPage>
  /** Deleting an artifact that does not exist is not an error. */
  delete(keys: readonly string[]): Promise<void>
  /** A URL that gives the artifact to whoever has it, until it expires (1 second to 7 days). */
  signGet(key: string, options: SignGetOptions): Promise<string>
  /** A URL by which whoever has it stores an artifact of that type, until it expires: a PUT with that `Content-Type`. */
  signPut(key: string, options: { expiresInSeconds: number; contentType: string }): Promise<string>
}

/** A store that could not do what was asked; `retryable` says whether trying again may help. */
export class ArtifactStoreError extends Error {
  override name = 'ArtifactStoreError'
  readonly retryable: boolean
  constructor(message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.retryable = options.retryable
  }
}

/** Every byte of an artifact. */
export const readAll = async (artifact: Artifact): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await new Response(artifact.body).arrayBuffer())

/** The content of a JSON artifact; undefined if it does not exist. */
export const readJson = async (store: ArtifactStore, key: string): Promise<unknown> => {
  const artifact = await store.get(key)
  return artifact && JSON.parse(new TextDecoder().decode(await readAll(artifact)))
}

export const putJson = async (store: ArtifactStore, key: string, value: unknown): Promise<void> => {
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  await store.put(key, bytes, { contentType: 'application/json' })
}

/** Every artifact under a prefix, page by page. */
export async function* listPages(store: ArtifactStore, prefix: string): AsyncGenerator<readonly ListedArtifact[]> {
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, { ...(cursor !== undefined && { cursor }) })
    yield page.artifacts
    cursor = page.cursor
  } while (cursor !== undefined)
}

/** The keys of every artifact under a prefix. */
export const listAll = async (store: ArtifactStore, prefix: string): Promise<string[]> => {
  const keys: string[] = []
  for await (const artifacts of listPages(store, prefix)) keys.push(...artifacts.map(({ key }) => key))
  return keys
}
