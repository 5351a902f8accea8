import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/** What `.gitignore` names, and git's own folder. */
const notKept = new Set(['.git', 'node_modules', '.idem', '.cache', 'out', '__pycache__', '.venv', 'bundles'])

const walk = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    // `cli/bundles` is kept, `bundles` at the top is not.
    if (notKept.has(entry.name) && !(entry.name === 'bundles' && folder !== '')) return []
    return entry.isDirectory() ? walk(path) : [path]
  })

/** Paths of the repository's files from its root, with slashes. */
export const repositoryFiles: readonly string[] = walk('').sort()

/** Their folders, without the root. */
export const repositoryFolders: readonly string[] = [
  ...new Set(
    repositoryFiles.flatMap((file) => {
      const parts = dirname(file).split('/')
      return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    }),
  ),
]
  .filter((folder) => folder !== '.')
  .sort()

export const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

export const markdownFiles: readonly string[] = repositoryFiles.filter((file) => basename(file).endsWith('.md'))
