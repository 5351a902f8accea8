import { artifactKeys } from '../../contracts/artifact-keys.ts'
import type { SealedStore } from '../../storage/sealed-store.ts'
import { listPages } from '../../storage/store.ts'

/** A request that has recorded its sources copies the vector within this time, or not at all. */
const copyingMs = 5 * 60_000

const idOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1)

/** Whether a recorded prediction has a copy of the vector, or may be about to have one. */
const mayHaveCopy = async (store: SealedStore, id: string, recordedAt: Date): Promise<boolean> => {
  if (await store.isShredded(id)) return false
  if (await store.head(artifactKeys.identity(id))) return true
  return Date.now() - recordedAt.getTime() < copyingMs
}

/** The predictions of a tenant that have a copy of the vector of one, ordered by id. */
export const listDerived = async (store: SealedStore, tenant: string, sourceId: string): Promise<string[]> => {
  const derived: string[] = []
  for await (const page of listPages(store, artifactKeys.derivedFrom(tenant, sourceId))) {
    for (const { key, modifiedAt } of page) {
      const id = idOf(key)
      if (await mayHaveCopy(store, id, modifiedAt)) derived.push(id)
    }
  }
  return derived
}

/** Whether the copy that a record is about is gone. */
export const isStaleRecord = async (store: SealedStore, key: string): Promise<boolean> =>
  !(await store.head(artifactKeys.identity(idOf(key))))
