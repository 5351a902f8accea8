import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** Hashes a file. Returns the hash in hexadecimal. */
export const hashFile = async (file: string, hash: Hash): Promise<string> => {
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
