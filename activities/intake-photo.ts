import { Context } from '@temporalio/activity'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import type { PhotoSource } from '../contracts/generate-faces.ts'
import { openPhoto } from '../inference/photos/decode.ts'
import { encodePng } from '../inference/photos/encode.ts'
import type { Budget } from '../lib/budget.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'
import { withPulse } from './shared/pulse.ts'

export interface IntakePhotoDeps {
  store: ArtifactStore
  /** Fetches a photo from somebody else's server, within limits. */
  fetchPhoto(url: string, signal: AbortSignal): Promise<Uint8Array>
  /** Fetches at a time, by tenant. They end when the photo is stored, which bounds the bytes that are held. */
  fetches: Budget
  /** Pixels that are held at a time. */
  pixels: Budget
}

export interface IntakenPhoto {
  photoKey: string
  width: number
  height: number
}

// The photo is read once or twice and then deleted: level 6 takes several times as long to save a sixth of the bytes.
const compressionLevel = 1

export const createIntakePhoto = ({ store, fetchPhoto, fetches, pixels }: IntakePhotoDeps) => {
  const storeAs = async (photoKey: string, bytes: Uint8Array, signal: AbortSignal): Promise<IntakenPhoto> => {
    const { width, height, decode } = await openPhoto(bytes)
    return pixels.run({ amount: width * height, signal }, async () => {
      const photo = await decode()
      const png = await encodePng(photo, { compressionLevel })
      signal.throwIfAborted()
      await store.put(photoKey, png, { contentType: 'image/png' })
      return { photoKey, width: photo.width, height: photo.height }
    })
  }

  /** Takes a photo in: fetched, checked by content, upright, sRGB, stored without any metadata. */
  const intakePhoto = async (input: {
    predictionId: string
    /** Whose uploads it may be. */
    tenant?: string | undefined
    index: number
    source: PhotoSource
  }): Promise<IntakenPhoto> => {
    const { source, predictionId, tenant, index } = input
    const { cancellationSignal: signal } = Context.current()
    const photoKey = artifactKeys.photo(predictionId, index)
    return withPulse(async () =>
      'key' in source
        ? storeAs(photoKey, await readArtifact(store, source.key, input), signal)
        : fetches.run({ key: tenant ?? '', signal }, async () =>
            storeAs(photoKey, await fetchPhoto(source.url, signal), signal),
          ),
    )
  }
  return { intakePhoto }
}
