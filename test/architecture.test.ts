import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allowed, nested, type Room, topLevel } from './support/layout.ts'

const root = resolve(import.meta.dirname, '..')

interface ImportLine {
  file: string
  /** Path of the imported file from the root, or the name of a package. */
  target: string
  isRelative: boolean
  typeOnly: boolean
}

const roomOf = (path: string): string =>
  nested.find((room) => path.startsWith(`${room.replace('/', sep)}${sep}`)) ?? path.split(sep)[0] ?? ''

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js|cjs)$/.test(name))
    .map((name) => join(folder, name))

const files = topLevel.flatMap(filesIn)

/** Names that several files have, and what each means. */
const sharedNames = {
  'config.ts': 'what a room reads from the environment',
  'index.ts': 'the list of what is in a folder',
  // A job: what it takes in contracts/, what runs it in workflows/ and activities/.
  'embed-faces.ts': 'the workflow of idem/face-embedding',
  'erase-prediction.ts': 'the workflow that erases a prediction, and its steps',
  'generate-faces.ts': 'the workflow of idem/arc2face',
  'sweep.ts': 'the workflow that removes what has expired, and its steps',
  // A command is named for its npm script.
  'edge.ts': 'the API at the edge, and the command that bundles it',
  'faces.ts': 'the command, and what measures it',
  'models.ts': 'the command, and the routes at /v1/models',
  // The page: a component and its state.
  'history.js': 'earlier runs',
  'photo.js': 'the photo',
  'run.js': 'a run',
  'settings.js': 'the settings of a run',
}

const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

const importsOf = (file: string): ImportLine[] => {
  const lines = textOf(file).matchAll(
    /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\(\s*'([^']+)'/gm,
  )
  return [...lines].map(([, type, from, bare, dynamic]) => {
    const name = from ?? bare ?? dynamic ?? ''
    const isRelative = name.startsWith('.')
    const target = isRelative ? relative(root, resolve(root, dirname(file), name)) : name
    return { file, target, isRelative, typeOnly: type !== undefined }
  })
}

const imports = files.flatMap(importsOf)
const arrow = ({ file, target }: ImportLine) => `${file} → ${target}`

/** Every file that a file imports, directly or through others; with `values`, without what only types come from. */
const reachedBy = (start: string, { values = false } = {}): Set<string> => {
  const reached = new Set<string>()
  const waiting = [start]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const { file: from, target, typeOnly } of imports) {
      if (from !== file || (values && typeOnly) || reached.has(target)) continue
      reached.add(target)
      waiting.push(target)
    }
  }
  return reached
}

describe('the layout', () => {
  // The models of the API and the bundles on the disk are both called models, by routes and by IDEM_MODELS.
  it('has no two folders of one name', () => {
    const folders = topLevel.flatMap((room) => [
      room,
      ...readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
        .filter((name) => !name.includes('__pycache__') && statSync(join(root, room, name)).isDirectory())
        .map((name) => join(room, name)),
    ])
    const names = folders.map((folder) => basename(folder))
    expect(folders.filter((folder) => names.filter((name) => name === basename(folder)).length > 1)).toEqual([])
  })

  it('has no two files of one name, apart from those whose names mean the same', () => {
    const written = [...files, ...filesIn('bench'), ...filesIn('test').filter((file) => !file.endsWith('.test.ts'))]
    const names = written.map((file) => basename(file))
    const shared = written.filter((_, index) => names.indexOf(names[index]!) !== names.lastIndexOf(names[index]!))
    expect(new Set(shared.map((file) => basename(file)))).toEqual(new Set(Object.keys(sharedNames)))
  })
})

describe('what there is one of', () => {
  // The page runs in a browser, without the rooms.
  const written = [...files, ...filesIn('bench'), ...filesIn('test/support')].filter(
    (file) => roomOf(file) !== 'lib' && !file.startsWith(join('api', 'page')),
  )
  const containing = (pattern: RegExp) => written.filter((file) => pattern.test(textOf(file)))

  it.each([
    ['sleep', /=>\s*setTimeout\(|node:timers\/promises/],
    ['base64', /\b(?:btoa|atob)\(|'base64(?:url)?'\)/],
    ['hexadecimal', /(?<!digest\()'hex'\)|toString\(16\)/],
  ])('is written in lib: %s', (_, pattern) => {
    expect(containing(pattern)).toEqual([])
  })

  // Behind the token, and within bounds.
  it('is in one file: how the body of a request is read', () => {
    const reads =
      /\breq(?:uest)?\.(?:raw\.)?(?:json|text|formData|arrayBuffer|blob|parseBody)\(|\braw\.(?:arrayBuffer|body)\b/
    const readers = files.filter((file) => file.startsWith('api') && reads.test(textOf(file)))
    expect(readers).toEqual([join('api', 'read-body.ts')])
  })

  it('is in one file: the status codes of gRPC', () => {
    const codes = /(?:=== |notFound\w* ?[:=] ?)5\b/
    expect(containing(codes)).toEqual([join('temporal', 'rpc-status.ts')])
  })
})

describe('the tests', () => {
  const tests = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => name.split(sep))

  // Elsewhere no project would run them: see test/README.md.
  it('are in the folder of a project, or beside this file', () => {
    expect(tests.length).toBeGreaterThan(80)
    const projects = ['unit', 'temporal', 'e2e', 'deploy']
    const lost = tests.filter(([folder, ...rest]) => rest.length > 0 && !projects.includes(folder!))
    expect(lost.map((path) => path.join('/'))).toEqual([])
  })
})

describe('the imports', () => {
  it('are read in a plausible number', () => {
    expect(imports.length).toBeGreaterThan(900)
  })

  it('point one way', () => {
    const wrong = imports.filter(({ file, target, isRelative, typeOnly }) => {
      if (!isRelative) return false
      const [from, to] = [roomOf(file), roomOf(target)]
      const rules: readonly string[] = allowed[from as Room] ?? []
      return from !== to && !rules.includes(to) && !(typeOnly && rules.includes(`${to} (types)`))
    })
    expect(wrong.map(arrow)).toEqual([])
  })

  it('make no circle', () => {
    const circular = files.filter((file) => reachedBy(file).has(file))
    expect(circular).toEqual([])
  })

  it('keep Node builtins and zod out of workflows, also through other files', () => {
    const workflows = files.filter((file) => roomOf(file) === 'workflows')
    const reached = new Set(workflows.flatMap((file) => [file, ...reachedBy(file, { values: true })]))
    const wrong = imports.filter(
      ({ file, target, typeOnly }) =>
        reached.has(file) && !typeOnly && (target.startsWith('node:') || target === 'zod'),
    )
    expect(wrong.map(arrow)).toEqual([])
  })

  it('keep Temporal, HTTP and storage out of inference', () => {
    const wrong = imports.filter(
      ({ file, target }) => file.startsWith('inference') && /^(@temporalio|hono|undici|node:http)/.test(target),
    )
    expect(wrong.map(arrow)).toEqual([])
  })

  it.each(['onnxruntime-node', 'sharp'])('name %s in one file only', (name) => {
    expect(new Set(imports.filter(({ target }) => target === name).map(({ file }) => file)).size).toBe(1)
  })

  it('read the environment in config files only', () => {
    const readers = files.filter((file) => /(?<!\/config)\.ts$/.test(file) && textOf(file).includes('process.env'))
    expect(readers).toEqual([])
  })
})
