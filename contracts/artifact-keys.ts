/**
 * Keys of objects in the artifact store. A key depends on the prediction, the step and an index, so that a retried step
 * overwrites its own files. Published files are under `public/`; everything else is private.
 */
export const artifactKeys = {
  photo: (id: string, index = 0) => `predictions/${id}/photo-${index}.png`,
  crop: (id: string, index = 0) => `predictions/${id}/crop-${index}.png`,
  faces: (id: string, index = 0) => `predictions/${id}/faces-${index}.json`,
  identity: (id: string) => `predictions/${id}/identity.f32`,
  checkpoint: (id: string, attempt = 0) => `predictions/${id}/checkpoint-${attempt}.bin`,
  image: (id: string, index: number, attempt = 0) => `predictions/${id}/image-${attempt}-${index}.png`,
  /** Software and model that made the images of an attempt. */
  madeWith: (id: string, attempt = 0) => `predictions/${id}/made-with-${attempt}.json`,
  output: (id: string, index: number) => `public/${id}/output-${index}.png`,
  preview: (id: string, attempt = 0) => `predictions/${id}/preview-${attempt}.json`,
  upload: (tenant: string, id: string) => `uploads/${tenant}/${id}`,
  /** Folder of the uploads of a tenant. */
  uploads: (tenant: string) => `uploads/${tenant}/`,
  /** Says that a prediction has a copy of the vector of an earlier one. */
  derived: (tenant: string, sourceId: string, id: string) => `derived/${tenant}/${sourceId}/${id}`,
  /** Of one earlier prediction. */
  derivedFrom: (tenant: string, sourceId: string) => `derived/${tenant}/${sourceId}/`,
  uploadInfo: (tenant: string, id: string) => `uploads/${tenant}/${id}.json`,
  /** Marks that a run of a prediction has ended: leftovers that it still writes do not stay. */
  ended: (id: string, runId: string) => `ended/${id}/${runId}`,
  ends: (id: string) => `ended/${id}/`,
  /** Folders of one prediction. */
  prediction: (id: string) => `predictions/${id}/`,
  published: (id: string) => `public/${id}/`,
}

export interface ArtifactOwner {
  readonly predictionId: string
  /** Missing in steps that an earlier release scheduled. */
  readonly tenant?: string | undefined
}

/** Whether a prediction may use an artifact: only its own, and the uploads of its tenant. */
export const mayUse = (key: string, { predictionId, tenant }: ArtifactOwner): boolean =>
  [
    artifactKeys.prediction(predictionId),
    artifactKeys.published(predictionId),
    tenant === undefined ? 'uploads/' : artifactKeys.uploads(tenant),
  ].some((folder) => key.startsWith(folder))

/** Collects the artifact keys in a value: the contents of its fields `key`, `…Key` and `…Keys`, at any depth. */
export const artifactsNamedIn = (value: unknown, name = ''): string[] => {
  if (typeof value === 'string') return /^key$|Keys?$/.test(name) ? [value] : []
  if (Array.isArray(value)) return value.flatMap((item) => artifactsNamedIn(item, name))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([field, item]) => artifactsNamedIn(item, field))
}

/** Whether signed URLs may serve an artifact. */
export const isPublished = (key: string): boolean => key.startsWith('public/')

/** Id of the prediction or upload whose key encrypts an artifact. Undefined if it is stored unencrypted. */
export const ownerOf = (key: string): string | undefined =>
  /^(?:predictions\/([^/]+)\/|uploads\/[^/]+\/([^/.]+))/.exec(key)?.slice(1).find(Boolean)
