import { ArtifactStoreError } from './store.ts'

/**
 * Passes on a body that has exactly `bytes` bytes and no pause longer than `timeoutMs`; any other ends in a retryable
 * `ArtifactStoreError`, so that nobody takes half an artifact for a whole one.
 */
export const measuredStream = (
  body: ReadableStream<Uint8Array>,
  { key, bytes, timeoutMs }: { key: string; bytes: number; timeoutMs: number },
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  let read = 0
  const broken = (reason: string, cause?: unknown) =>
    new ArtifactStoreError(`Cannot read ${key}: ${reason}`, { retryable: true, cause })

  const next = async () => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(broken(`no byte for ${timeoutMs} ms`)), timeoutMs)
    })
    try {
      return await Promise.race([reader.read(), late])
    } catch (error) {
      throw error instanceof ArtifactStoreError ? error : broken(`the response ended at byte ${read}`, error)
    } finally {
      clearTimeout(timer)
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await next()
          read += value?.length ?? 0
          if (read > bytes || (done && read < bytes)) throw broken(`got ${read} of ${bytes} bytes`)
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          await reader.cancel(error).catch(() => undefined)
          throw error
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
