import type { Counter } from 'prom-client'
import type { PublishedFiles } from '../storage/published-files.ts'
import type { SealedStore } from '../storage/sealed-store.ts'

type Bytes = Counter<'direction' | 'kind'>

/** What a key is of: photo, crop, identity, checkpoint, output, upload and the like; only Idem makes keys. */
const kindOf = (key: string): string => {
  if (key.startsWith('uploads/')) return 'upload'
  return /^(?:predictions|public)\/[^/]+\/([a-z]+)[-.]/.exec(key)?.[1] ?? 'other'
}

const counted = (body: ReadableStream<Uint8Array>, count: (bytes: number) => void): ReadableStream<Uint8Array> =>
  body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        count(chunk.length)
        controller.enqueue(chunk)
      },
    }),
  )

const countedGet =
  (get: PublishedFiles['get'], bytes: Bytes): PublishedFiles['get'] =>
  async (key, range) => {
    const artifact = await get(key, range)
    if (!artifact) return undefined
    const count = (n: number) => bytes.inc({ direction: 'read', kind: kindOf(key) }, n)
    return { ...artifact, body: counted(artifact.body, count) }
  }

/** The same files; what is read of them is counted. */
export const measurePublished = (files: PublishedFiles, bytes: Bytes): PublishedFiles => ({
  ...files,
  get: countedGet(files.get, bytes),
})

/** The same store; what goes in and out of it is counted, before it is sealed. */
export const measureStore = (store: SealedStore, bytes: Bytes): SealedStore => ({
  ...store,
  put: (key, body, options) => {
    const count = (n: number) => bytes.inc({ direction: 'written', kind: kindOf(key) }, n)
    if (!(body instanceof Uint8Array)) return store.put(key, counted(body, count), options)
    return store.put(key, body, options).then((outcome) => {
      count(body.length)
      return outcome
    })
  },
  get: countedGet(store.get, bytes),
})
