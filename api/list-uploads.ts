import { artifactKeys } from '../contracts/artifact-keys.ts'
import { type ArtifactStore, type ListedArtifact, listPages } from '../storage/store.ts'
import type { ListPosition, ListQuery } from '../temporal/orchestrator.ts'

export interface UploadPage {
  /** Newest first. */
  readonly ids: readonly string[]
  readonly newer?: ListPosition
  readonly older?: ListPosition
}

/** What is stored of a tenant's uploads: the files and, beside each, what describes it. */
export async function* storedUploads(store: ArtifactStore, tenant: string): AsyncGenerator<ListedArtifact> {
  for await (const artifacts of listPages(store, artifactKeys.uploads(tenant))) yield* artifacts
}

const nanosDigits = 19
const positionOf = ({ key, modifiedAt }: ListedArtifact): ListPosition | undefined => {
  const id = /([^/]+)\.json$/.exec(key)?.[1]
  return id === undefined ? undefined : { id, createdNanos: `${modifiedAt.getTime()}000000`.padStart(nanosDigits, '0') }
}

/** As text: a number with that many digits is not exact. */
const textOf = ({ createdNanos, id }: ListPosition) => `${createdNanos} ${id}`

/** A page of a tenant's uploads, newest first. Only the list of the store is read, not what it holds. */
export const listUploads = async (
  store: ArtifactStore,
  tenant: string,
  { limit, newerThan, olderThan }: Pick<ListQuery, 'limit' | 'newerThan' | 'olderThan'>,
): Promise<UploadPage> => {
  const places: ListPosition[] = []
  for await (const artifact of storedUploads(store, tenant)) {
    const place = positionOf(artifact)
    if (place) places.push(place)
  }
  places.sort((a, b) => (textOf(a) < textOf(b) ? 1 : -1))
  const newerEnd = newerThan && places.findLastIndex((place) => textOf(place) > textOf(newerThan)) + 1
  const olderStart = olderThan && places.findIndex((place) => textOf(place) < textOf(olderThan))
  const start =
    newerEnd !== undefined ? Math.max(0, newerEnd - limit) : olderStart === -1 ? places.length : (olderStart ?? 0)
  const end = newerEnd ?? start + limit
  const page = places.slice(start, end)
  return {
    ids: page.map(({ id }) => id),
    ...(page.length > 0 && start > 0 && { newer: page[0]! }),
    ...(page.length > 0 && end < places.length && { older: page.at(-1)! }),
  }
}
