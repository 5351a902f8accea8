import { type ArtifactStore, artifactKeys } from '../contracts/artifacts.ts'
import type { PhotoSource } from '../contracts/generate-faces.ts'
import { limits } from '../contracts/limits.ts'
import { fieldProblem } from './parse-body.ts'

export interface PhotoSourceDeps {
  store: ArtifactStore
  publicUrl: string
}

const dataUri = /^data:([\w.+-]+\/[\w.+-]+)?((?:;[\w-]+=[^;,]*)*)(;base64)?,/i

/** Bytes of a `data:` URI, base64 or percent-encoded. Undefined where it is none. */
export const decodeDataUri = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  const match = dataUri.exec(text.slice(0, 1024))
  if (!match) return undefined
  const payload = text.slice(match[0].length)
  try {
    const binary = match[3] ? atob(payload) : decodeURIComponent(payload)
    return Uint8Array.from(binary, (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}

const hex = (bytes: ArrayBuffer) => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, '0')).join('')

/**
 * Where a photo comes from: bytes in the request go to the store, so that the workflow carries a key; a file uploaded
 * before is referred to by its key; any other URL is fetched by a worker.
 */
export const createPhotoSources = ({ store, publicUrl }: PhotoSourceDeps) => {
  const filesUrl = `${publicUrl}/v1/files/`

  return async (
    text: string,
    { predictionId, tenant, loc }: { predictionId: string; tenant: string; loc: (string | number)[] },
  ): Promise<{ source: PhotoSource; echo: string }> => {
    if (/^data:/i.test(text)) {
      const bytes = decodeDataUri(text)
      if (!bytes?.length) throw fieldProblem(loc, 'Not a valid data: URI with base64 content', 'photo_unreadable')
      if (bytes.length > limits.photoBytes) {
        const message = `The photo has ${bytes.length} bytes; at most ${limits.photoBytes} are allowed`
        throw fieldProblem(loc, message, 'photo_too_large')
      }
      // The key names the content: another body under the same idempotency key must not replace this one.
      const digest = hex(await crypto.subtle.digest('SHA-256', bytes)).slice(0, 32)
      const key = `${artifactKeys.prediction(predictionId)}upload-${digest}`
      await store.put(key, bytes, { contentType: 'application/octet-stream' })
      return { source: { key }, echo: `data:(${bytes.length} bytes)` }
    }
    if (text.startsWith(filesUrl)) {
      const id = text.slice(filesUrl.length)
      const key = /^[0-9a-z]{26}$/.test(id) ? artifactKeys.upload(`${tenant}/${id}`) : undefined
      if (!key || !(await store.head(key))) throw fieldProblem(loc, 'There is no such uploaded file', 'not_found')
      return { source: { key }, echo: text }
    }
    if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
      throw fieldProblem(loc, 'Neither an http(s) URL, a data: URI nor the URL of an uploaded file', 'url_invalid')
    }
    if (text.length > 4096) throw fieldProblem(loc, 'A URL has at most 4096 characters', 'url_invalid')
    return { source: { url: text }, echo: text }
  }
}
