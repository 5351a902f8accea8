import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../../../lib/error-code.ts'

/**
 * Keys under `root` that start with `prefix` and come after `after`, in the order of their bytes, as S3 lists them.
 * Links and dot files are no artifacts.
 */
export async function* walkKeys(root: string, prefix: string, after: string, folder = ''): AsyncGenerator<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error) => {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return []
    throw error
  })
  // A folder's keys go on with a slash, and are to be sorted by it: `a-b` comes before `a/b`.
  const paths = entries
    .filter((entry) => !entry.name.startsWith('.') && (entry.isFile() || entry.isDirectory()))
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .sort((a, b) => (a < b ? -1 : 1))

  for (const path of paths) {
    if (!path.endsWith('/')) {
      if (path.startsWith(prefix) && path > after) yield path
    } else if ((path.startsWith(prefix) || prefix.startsWith(path)) && (path > after || after.startsWith(path))) {
      yield* walkKeys(root, prefix, after, path)
    }
  }
}
