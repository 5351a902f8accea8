import { artifactKeys } from '../contracts/artifact-keys.ts'
import type { PhotoSource } from '../contracts/generate-faces.ts'
import { isHttpUrl, maxUrlLength } from '../contracts/http-url.ts'
import { limits } from '../contracts/limits.ts'
import type { PhotoInput } from '../contracts/photo-input.ts'
import { fromDataUri } from '../lib/data-uri.ts'
import { sha256Hex } from '../lib/sha256.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { fieldProblem } from './parse-body.ts'

export interface PhotoSourceDeps {
  store: ArtifactStore
  publicUrl: string
}

// Of a photo's bytes in base64 without a prefix, the beginning is enough.
const bareBase64 = /^[\w+/\s-]{60,}={0,2}\s*$/
const lookedAt = 4096

interface Requester {
  predictionId: string
  tenant: string
}

/**
 * Resolves the photos of a request. A data: URI is stored, so that the workflow carries only its key; the URL of an
 * uploaded file becomes its key; a worker fetches any other URL. `echo` is how responses repeat the photos. Throws a
 * 422 problem that names the photo.
 */
export const createPhotoSources = ({ store, publicUrl }: PhotoSourceDeps) => {
  const filesUrl = `${publicUrl}/v1/files/`

  const resolve = async (
    text: string,
    loc: readonly (string | number)[],
    { predictionId, tenant }: Requester,
  ): Promise<{ source: PhotoSource; echo: string }> => {
    if (/^data:/i.test(text)) {
      const bytes = fromDataUri(text)
      if (!bytes?.length) throw fieldProblem(loc, 'Not a valid data: URI with base64 content', 'photo_unreadable')
      if (bytes.length > limits.photoBytes) {
        const message = `The photo has ${bytes.length} bytes; at most ${limits.photoBytes} are allowed`
        throw fieldProblem(loc, message, 'photo_too_large')
      }
      // The key depends on the content: a different body with the same idempotency key must not replace this one.
      const digest = (await sha256Hex(bytes)).slice(0, 32)
      const key = `${artifactKeys.prediction(predictionId)}upload-${digest}`
      await store.put(key, bytes, { contentType: 'application/octet-stream' })
      return { source: { key }, echo: `data:(${bytes.length} bytes)` }
    }
    if (text.startsWith(filesUrl)) {
      const id = text.slice(filesUrl.length)
      const key = /^[0-9a-z]{26}$/.test(id) ? artifactKeys.upload(tenant, id) : undefined
      if (!key || !(await store.head(key))) throw fieldProblem(loc, 'Uploaded file not found', 'not_found')
      return { source: { key }, echo: text }
    }
    if (bareBase64.test(text.slice(0, lookedAt))) {
      const message = 'The photo is base64 without a prefix; send it as a data: URI: data:image/jpeg;base64,…'
      throw fieldProblem(loc, message, 'url_invalid')
    }
    if (text.length > maxUrlLength) {
      throw fieldProblem(loc, `The URL is too long; at most ${maxUrlLength} characters are allowed`, 'url_invalid')
    }
    if (!isHttpUrl(text)) {
      throw fieldProblem(loc, 'Must be an http(s) URL, a data: URI or the URL of an uploaded file', 'url_invalid')
    }
    return { source: { url: text }, echo: text }
  }

  return async (
    { input_image, input_images }: PhotoInput,
    requester: Requester,
  ): Promise<{ sources: PhotoSource[]; echo: Record<string, unknown> }> => {
    if (input_images) {
      const photos = await Promise.all(
        input_images.map((text, index) => resolve(text, ['body', 'input', 'input_images', index], requester)),
      )
      return { sources: photos.map(({ source }) => source), echo: { input_images: photos.map(({ echo }) => echo) } }
    }
    if (input_image === undefined) return { sources: [], echo: {} }
    const { source, echo } = await resolve(input_image, ['body', 'input', 'input_image'], requester)
    return { sources: [source], echo: { input_image: echo } }
  }
}
