import type { ArtifactStore } from '../storage/store.ts'
import { storedUploads } from './list-uploads.ts'
import { Problem } from './problem.ts'

// Counting reads the whole list of a tenant's uploads.
const countedForMs = 30_000
const retryAfterSeconds = '60'
/** What a file counts at least: many small ones are a burden too. */
const leastBytes = 64 * 1024

export interface UploadLimit {
  /** Stores a file of so many bytes if its tenant has room for it. Throws a 429 problem. */
  store<T>(tenant: string, bytes: number, store: () => Promise<T>): Promise<T>
  /** Something of the tenant's has been deleted. */
  deleted(tenant: string): void
}

/** Bounds the bytes that a tenant's uploads take. Those that this process stores now are counted before they are stored. */
export const createUploadLimit = (store: ArtifactStore, maxBytes: number | undefined): UploadLimit => {
  const stored = new Map<string, { bytes: number; until: number }>()
  const storing = new Map<string, number>()

  const fresh = (tenant: string) => {
    const known = stored.get(tenant)
    if (known && known.until > Date.now()) return known
    stored.delete(tenant)
    return undefined
  }

  const storedBytes = async (tenant: string): Promise<number> => {
    if (fresh(tenant)) return fresh(tenant)!.bytes
    let bytes = 0
    for await (const artifact of storedUploads(store, tenant)) {
      bytes += artifact.key.endsWith('.json') ? artifact.bytes : Math.max(artifact.bytes, leastBytes)
    }
    // Another request may have counted meanwhile, and have stored more since.
    if (!fresh(tenant)) stored.set(tenant, { bytes, until: Date.now() + countedForMs })
    return fresh(tenant)?.bytes ?? bytes
  }

  const change = (tenant: string, bytes: number) => {
    const left = (storing.get(tenant) ?? 0) + bytes
    if (left > 0) storing.set(tenant, left)
    else storing.delete(tenant)
  }

  return {
    store: async (tenant, bytes, run) => {
      if (maxBytes === undefined) return run()
      const counted = Math.max(bytes, leastBytes)
      change(tenant, counted)
      try {
        const total = (await storedBytes(tenant)) + (storing.get(tenant) ?? 0)
        if (total > maxBytes) {
          const message = `Uploaded files may take ${maxBytes} bytes in all; delete some, or wait until some have expired`
          throw new Problem(429, message, { headers: { 'retry-after': retryAfterSeconds } })
        }
        const result = await run()
        const known = fresh(tenant)
        if (known) known.bytes += counted
        return result
      } finally {
        change(tenant, -counted)
      }
    },
    deleted: (tenant) => {
      stored.delete(tenant)
    },
  }
}
