import { Context } from '@temporalio/activity'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import type { PhotoSource } from '../contracts/generate-faces.ts'
import { decodePhoto } from '../inference/photos/decode.ts'
import { encodePng } from '../inference/photos/encode.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'

export interface IntakePhotoDeps {
  store: ArtifactStore
  /** Fetches a photo from somebody else's server, within limits. */
  fetchPhoto(url: string, signal: AbortSignal): Promise<Uint8Array>
}

/** Heartbeats bring the cancellation. */
const heartbeatMs = 1_000

// The photo is read once or twice and then deleted: level 6 takes several times as long to save a sixth of the bytes.
const compressionLevel = 1

export const createIntakePhoto = ({ store, fetchPhoto }: IntakePhotoDeps) => ({
  /** Takes a photo in: fetched, checked by content, upright, sRGB, stored without any metadata. */
  async intakePhoto(input: {
    predictionId: string
    /** Whose uploads it may be. */
    tenant?: string | undefined
    index: number
    source: PhotoSource
  }): Promise<{ photoKey: string; width: number; height: number }> {
    const { source } = input
    const context = Context.current()
    const { cancellationSignal: signal } = context
    const pulse = setInterval(() => context.heartbeat(), heartbeatMs)
    try {
      const bytes =
        'key' in source ? await readArtifact(store, source.key, input) : await fetchPhoto(source.url, signal)
      const photo = await decodePhoto(bytes)
      const photoKey = artifactKeys.photo(input.predictionId, input.index)
      const png = await encodePng(photo, { compressionLevel })
      signal.throwIfAborted()
      await store.put(photoKey, png, { contentType: 'image/png' })
      return { photoKey, width: photo.width, height: photo.height }
    } finally {
      clearInterval(pulse)
    }
  },
})
