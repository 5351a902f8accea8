import { isBuiltin } from 'node:module'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const entry = resolve(import.meta.dirname, '../../api/edge.ts')

export interface EdgeBundle {
  /** One ES module with a default export that has `fetch(request, env)`. */
  code: string
  /** What it imports from outside: nothing, or the bundle is of no use at the edge. */
  imports: readonly string[]
  bytes: number
  gzipBytes: number
}

/** Bundles the API for runtimes without Node. Throws where something in it needs one of Node's builtins. */
export const bundleEdge = async (): Promise<EdgeBundle> => {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser', 'import'],
    mainFields: ['module', 'main'],
    outfile: 'edge.js',
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  const imports = (output?.imports ?? []).map(({ path }) => path)
  const builtins = imports.filter((path) => isBuiltin(path))
  if (builtins.length > 0) throw new Error(`The edge bundle needs builtins of Node: ${builtins.join(', ')}`)
  const { contents, text } = outputFiles[0]!
  return { code: text, imports, bytes: contents.length, gzipBytes: gzipSync(contents, { level: 9 }).length }
}
