import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryFiles, textOf } from './support/repository.ts'

const page = 'docs/configuration.md'

/** Names in the first column of the page's tables. */
const documented = new Set(
  textOf(page)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...line.split(' | ')[0]!.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name]) => name!)),
)

/** Idem sets these for programs that it starts, and reads none of them. */
const setForOthers = new Set([
  'HF_HUB_OFFLINE',
  'HF_HUB_DISABLE_PROGRESS_BARS',
  // The image of the Temporal UI.
  'TEMPORAL_CORS_ORIGINS',
  // Kubernetes would, if the chart did not turn service links off.
  'TEMPORAL_PORT',
])
/** Of the shell itself. */
const ofTheShell = new Set(['PWD'])

const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name]) => name!)

/** Names by the prefixes that our variables have, in code and in comments. */
const prefixed = (text: string) => all(text, /\b((?:IDEM|AWS|OTEL|HF|TEMPORAL)_[A-Z0-9_]*[A-Z0-9])\b/g)

/** `env.NAME`, and `{ NAME }` taken out of an environment. */
const fromEnvironment = (text: string) => [
  ...all(text, /\benv\.([A-Z][A-Z0-9_]*)\b/g),
  ...all(text, /\{([^{}]*)\}\s*(?:=\s*(?:process\.)?env\b|:\s*(?:NodeJS\.ProcessEnv|Environment)\b)/g).flatMap(
    (names) => all(names, /\b([A-Z][A-Z0-9_]+)\b/g),
  ),
]

/** `$NAME` and `${NAME}` that the file does not assign itself. */
const substituted = (text: string) => {
  const assigned = new Set(all(text, /(?:^|\s)(?:export\s+)?([A-Z][A-Z0-9_]*)=/gm))
  const buildArguments = all(text, /^ARG\s+([A-Z][A-Z0-9_]*)/gm)
  const used = all(text, /\$\{?([A-Z][A-Z0-9_]+)/g).filter((name) => !assigned.has(name))
  return [...used, ...buildArguments]
}

/** What a file reads from its environment; undefined for a file that is neither code nor deployment. */
const readBy = (file: string): string[] | undefined => {
  const text = () => textOf(file)
  if (/\.(ts|js|cjs|py|jsonc|tpl)$/.test(file)) return [...prefixed(text()), ...fromEnvironment(text())]
  if (/\.sh$/.test(file) || file === '.ci/run') return [...prefixed(text()), ...substituted(text())]
  if (/\.ya?ml$/.test(file) || basename(file) === 'Dockerfile') return [...prefixed(text()), ...substituted(text())]
  return undefined
}

const isTest = (file: string) => file.startsWith('test/')

describe('the configuration page', () => {
  const readers = new Map<string, string[]>()
  for (const file of repositoryFiles.filter((name) => !isTest(name))) {
    for (const name of readBy(file) ?? []) readers.set(name, [...new Set([...(readers.get(name) ?? []), file])])
  }

  it('has every variable that code, scripts and deployment files read', () => {
    expect(readers.size).toBeGreaterThan(40)
    const missing = [...readers].filter(
      ([name]) => !documented.has(name) && !setForOthers.has(name) && !ofTheShell.has(name),
    )
    expect(missing.map(([name, files]) => `${name} in ${files.join(', ')}`)).toEqual([])
  })

  it('has none that nothing reads', () => {
    // These packages read variables themselves; two are read by tests or an install script only.
    const elsewhere = [
      'node_modules/@temporalio/envconfig/lib/envconfig-toml.js',
      'node_modules/@opentelemetry/otlp-exporter-base/build/src/configuration/otlp-node-http-env-configuration.js',
      'node_modules/@opentelemetry/otlp-exporter-base/build/src/configuration/shared-env-configuration.js',
      'node_modules/onnxruntime-node/script/install.js',
      ...repositoryFiles.filter((file) => isTest(file) && file.endsWith('.ts')),
    ]
    const texts = elsewhere.map(textOf)
    const isRead = (name: string) => readers.has(name) || texts.some((text) => text.includes(name))
    expect([...documented].filter((name) => !isRead(name))).toEqual([])
  })

  it('finds names however they are read', () => {
    expect(fromEnvironment('const { PARITY_PHOTOS, OTHER: x } = process.env')).toEqual(['PARITY_PHOTOS', 'OTHER'])
    expect(fromEnvironment('({ IDEM_PORT }: NodeJS.ProcessEnv) => env.IDEM_HOST')).toEqual(['IDEM_HOST', 'IDEM_PORT'])
    expect(substituted(`FOLDER=x\necho $FOLDER $${'{OTHER:-y}'}`)).toEqual(['OTHER'])
  })
})
