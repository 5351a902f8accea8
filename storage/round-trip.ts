import { explain } from '../lib/explain.ts'
import type { StorageCheck } from './driver.ts'
import { type ArtifactStore, readAll } from './store.ts'

/** Writes, reads and deletes a small artifact. `advice` says what to look at if that fails. */
export const roundTrip = async (store: ArtifactStore, advice: string): Promise<StorageCheck> => {
  const key = `doctor/${crypto.randomUUID()}`
  const bytes = new TextEncoder().encode(key)
  const failed = (what: string): StorageCheck => ({ ok: false, what, advice })
  let step = 'written'
  try {
    const startedAt = Date.now()
    await store.put(key, bytes, { contentType: 'text/plain' })
    step = 'read'
    const artifact = await store.get(key)
    const found = artifact && new TextDecoder().decode(await readAll(artifact))
    if (found !== key) return failed('what has been written does not come back')
    step = 'deleted'
    await store.delete([key])
    if (await store.head(key)) return failed('what has been deleted is still there')
    return { ok: true, what: `written, read and deleted in ${Date.now() - startedAt} ms` }
  } catch (error) {
    return failed(`an artifact cannot be ${step}: ${explain(error)}`)
  }
}
