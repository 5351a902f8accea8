import type { FileHandle } from 'node:fs/promises'

/**
 * An artifact's file is its bytes and then a trailer: content type, bytes of the body (u64), bytes of the content type
 * (u16), "idem". One file, so that bytes and type change in one rename; a trailer and not a header, so that an image
 * opens in any viewer. A file without a matching trailer is not a complete artifact.
 */
const MAGIC = 'idem'
const FIXED_BYTES = 8 + 2 + MAGIC.length
const MAX_TYPE_BYTES = 255

export interface StoredInfo {
  bytes: number
  contentType: string
  modifiedAt: Date
  /** Cut short, or not written by this store: to be listed and deleted, never read. */
  damaged: boolean
}

export const trailer = (bytes: number, contentType: string): Buffer => {
  const type = Buffer.from(contentType, 'latin1')
  const fixed = Buffer.alloc(FIXED_BYTES)
  fixed.writeBigUInt64BE(BigInt(bytes), 0)
  fixed.writeUInt16BE(type.length, 8)
  fixed.write(MAGIC, 10, 'latin1')
  return Buffer.concat([type, fixed])
}

export const readInfo = async (file: FileHandle): Promise<StoredInfo> => {
  const { size, mtime } = await file.stat()
  const damaged = { bytes: size, contentType: 'application/octet-stream', modifiedAt: mtime, damaged: true }
  const length = Math.min(size, FIXED_BYTES + MAX_TYPE_BYTES)
  const tail = Buffer.alloc(length)
  const { bytesRead } = await file.read(tail, 0, length, size - length)
  if (bytesRead < length || length < FIXED_BYTES) return damaged
  const fixed = tail.subarray(length - FIXED_BYTES)
  const bytes = Number(fixed.readBigUInt64BE(0))
  const typeBytes = fixed.readUInt16BE(8)
  if (fixed.toString('latin1', 10) !== MAGIC || bytes + typeBytes + FIXED_BYTES !== size) return damaged
  const typeEnd = length - FIXED_BYTES
  return {
    bytes,
    contentType: tail.toString('latin1', typeEnd - typeBytes, typeEnd),
    modifiedAt: mtime,
    damaged: false,
  }
}

const CHUNK_BYTES = 64 * 1024

/** Bytes `start` to `end` (not included) of a file, which is closed at the end and by a cancel. */
export const streamFile = (file: FileHandle, start: number, end: number): ReadableStream<Uint8Array> => {
  let position = start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - position))
          const { bytesRead } =
            chunk.length === 0 ? { bytesRead: 0 } : await file.read(chunk, 0, chunk.length, position)
          if (bytesRead === 0 && position < end) throw new Error(`The file ends ${end - position} bytes early`)
          position += bytesRead
          if (bytesRead > 0) controller.enqueue(chunk.subarray(0, bytesRead))
          if (position < end) return
          await file.close()
          controller.close()
        } catch (error) {
          await file.close().catch(() => undefined)
          throw error
        }
      },
      cancel: () => file.close(),
    },
    { highWaterMark: 0 },
  )
}
