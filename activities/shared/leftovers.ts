import { artifactKeys } from '../../contracts/artifact-keys.ts'

/** What stays until the retention is over: the vector, for more images of the person, and the faces that are a result. */
const stays = /^(?:identity\.f32|faces-\d+\.json)$/
const photos = /^(?:photo-|crop-|upload-)/

/** Whether a prediction that has ended needs an artifact no more: photos and crops unless they are kept, and all drafts. */
export const isLeftover = (
  key: string,
  { predictionId, keepPhotos }: { predictionId: string; keepPhotos: boolean },
): boolean => {
  const folder = artifactKeys.prediction(predictionId)
  if (!key.startsWith(folder)) return false
  const name = key.slice(folder.length)
  return !stays.test(name) && !(keepPhotos && photos.test(name))
}
