import { readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PageFiles } from './routes/page.ts'

/** The page's libraries: module to package. */
const packages = new Map([
  ['vendor/preact.js', 'preact'],
  ['vendor/hooks.js', 'preact/hooks'],
  ['vendor/signals-core.js', '@preact/signals-core'],
  ['vendor/signals.js', '@preact/signals'],
  ['vendor/htm.js', 'htm'],
])
const served = new Map([...packages].map(([name, of]) => [of, `./${name.slice('vendor/'.length)}`]))

/** Replaces package names by paths: browsers do not resolve them, and an import map would be an inline script. */
const withPaths = (module: string): string =>
  module.replace(/(from|import) ?"([^".]+)"/g, (all, word: string, of: string) =>
    served.has(of) ? `${word}"${served.get(of)}"` : all,
  )

const folder = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Reads the page from `api/page`, its libraries from their packages, and the samples from `samples/`. */
export const openPageFiles = async (): Promise<PageFiles> => {
  const [pageFolder, samplesFolder] = [folder('page'), folder('../samples')]
  const entries = await readdir(pageFolder, { recursive: true })
  const names = new Set(entries.map((name) => name.split(sep).join('/')))
  // The container image of the API does not include the samples.
  const samples = await readdir(samplesFolder).catch((): string[] => [])
  const bytesOf = async (file: string) => new Uint8Array(await readFile(file))
  return {
    samples: samples.filter((name) => name.endsWith('.jpg')).sort(),
    readSample: (name) => bytesOf(join(samplesFolder, name)),
    async readPage(name) {
      const of = packages.get(name)
      if (!of) return names.has(name) ? bytesOf(join(pageFolder, name)) : undefined
      return new TextEncoder().encode(withPaths(await readFile(fileURLToPath(import.meta.resolve(of)), 'utf8')))
    },
  }
}
