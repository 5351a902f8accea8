import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const folders = ['contracts', 'storage', 'inference', 'workflows', 'activities', 'api', 'infra/observability'] as const

/** What each folder may import from, besides itself and packages. */
const allowed: Record<string, readonly string[]> = {
  contracts: [],
  storage: ['contracts'],
  'inference/numeric': [],
  inference: ['inference/numeric'],
  workflows: ['contracts'],
  activities: ['contracts', 'inference', 'inference/numeric', 'storage'],
  api: ['contracts', 'storage', 'infra/observability'],
  'infra/observability': ['contracts', 'storage', 'inference', 'activities', 'infra/temporal'],
}

interface ImportLine {
  file: string
  folder: string
  target: string
  typeOnly: boolean
}

const nested = ['inference/numeric', 'infra/observability', 'infra/temporal']

const folderOf = (path: string) =>
  nested.find((folder) => path.startsWith(folder.replace('/', sep))) ?? path.split(sep)[0] ?? ''

const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
)

const imports: ImportLine[] = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8')
  const lines = text.matchAll(/(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\s*\(?\s*'([^']+)'/g)
  return [...lines].map(([, type, from, bare]) => ({
    file,
    folder: folderOf(file),
    target: from ?? bare ?? '',
    typeOnly: type !== undefined,
  }))
})

describe('the import directions', () => {
  it('reads a plausible number of imports', () => {
    expect(imports.length).toBeGreaterThan(20)
  })

  it('point one way', () => {
    const wrong = imports.filter(({ file, folder, target, typeOnly }) => {
      if (!target.startsWith('.')) return false
      const to = folderOf(relative(root, resolve(root, dirname(file), target)))
      if (to === folder || allowed[folder]?.includes(to)) return false
      return !(folder === 'workflows' && to === 'activities' && typeOnly)
    })
    expect(wrong.map(({ file, target }) => `${file} → ${target}`)).toEqual([])
  })

  it('keep Node builtins and zod out of workflows', () => {
    const wrong = imports.filter(
      ({ folder, target, typeOnly }) =>
        folder === 'workflows' && !typeOnly && (target.startsWith('node:') || target === 'zod'),
    )
    expect(wrong.map(({ file, target }) => `${file} → ${target}`)).toEqual([])
  })

  it('keep Temporal, HTTP and storage out of inference', () => {
    const wrong = imports.filter(
      ({ folder, target }) => folder.startsWith('inference') && /^(@temporalio|hono|undici|node:http)/.test(target),
    )
    expect(wrong.map(({ file, target }) => `${file} → ${target}`)).toEqual([])
  })

  it.each(['onnxruntime-node', 'sharp'])('name %s in one file alone', (name) => {
    expect(new Set(imports.filter(({ target }) => target === name).map(({ file }) => file)).size).toBeLessThanOrEqual(1)
  })

  it('read the environment in config files alone', () => {
    const readers = files.filter(
      (file) => !/(^|\/)config\.ts$/.test(file) && readFileSync(join(root, file), 'utf8').includes('process.env'),
    )
    expect(readers).toEqual([])
  })
})
