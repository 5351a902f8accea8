/**
 * Object keys derive from prediction id, step and index, so that a retried step overwrites itself.
 * What may be handed out lies under `public/`, all else is private.
 */
export const artifactKeys = {
  photo: (id: string, index = 0) => `predictions/${id}/photo-${index}.png`,
  crop: (id: string, index = 0) => `predictions/${id}/crop-${index}.png`,
  faces: (id: string, index = 0) => `predictions/${id}/faces-${index}.json`,
  identity: (id: string) => `predictions/${id}/identity.f32`,
  checkpoint: (id: string, attempt = 0) => `predictions/${id}/checkpoint-${attempt}.bin`,
  image: (id: string, index: number, attempt = 0) => `predictions/${id}/image-${attempt}-${index}.png`,
  /** What made the images of an attempt. */
  madeWith: (id: string, attempt = 0) => `predictions/${id}/made-with-${attempt}.json`,
  output: (id: string, index: number) => `public/${id}/output-${index}.png`,
  preview: (id: string, attempt = 0) => `predictions/${id}/preview-${attempt}.json`,
  upload: (tenant: string, id: string) => `uploads/${tenant}/${id}`,
  /** Of a tenant. */
  uploads: (tenant: string) => `uploads/${tenant}/`,
  uploadInfo: (tenant: string, id: string) => `uploads/${tenant}/${id}.json`,
  /** Folders of what belongs to one prediction. */
  prediction: (id: string) => `predictions/${id}/`,
  published: (id: string) => `public/${id}/`,
}

export interface ArtifactOwner {
  readonly predictionId: string
  /** Steps that were scheduled by an earlier release do not name it. */
  readonly tenant?: string | undefined
}

/** Whether a prediction may use an artifact: its own ones, and its tenant's uploads. */
export const mayUse = (key: string, { predictionId, tenant }: ArtifactOwner): boolean =>
  [
    artifactKeys.prediction(predictionId),
    artifactKeys.published(predictionId),
    tenant === undefined ? 'uploads/' : artifactKeys.uploads(tenant),
  ].some((folder) => key.startsWith(folder))

/** The keys of artifacts in a value: what its fields `key`, `…Key` and `…Keys` hold, at any depth. */
export const artifactsNamedIn = (value: unknown, name = ''): string[] => {
  if (typeof value === 'string') return /^key$|Keys?$/.test(name) ? [value] : []
  if (Array.isArray(value)) return value.flatMap((item) => artifactsNamedIn(item, name))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([field, item]) => artifactsNamedIn(item, field))
}

/** Whether an artifact may be handed out. */
export const isPublished = (key: string): boolean => key.startsWith('public/')

/** Whose key seals an artifact: a prediction's id, or an upload's. Undefined for what is stored as it is. */
export const ownerOf = (key: string): string | undefined =>
  /^(?:predictions\/([^/]+)\/|uploads\/[^/]+\/([^/.]+))/.exec(key)?.slice(1).find(Boolean)
