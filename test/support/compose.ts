import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { findGoTool } from './go-tool.ts'

const run = promisify(execFile)

export const composeFolder = resolve(import.meta.dirname, '../../infra/compose')

export interface ComposeService {
  image: string
  build?: { context: string; dockerfile: string; target: string }
  command?: string[]
  entrypoint?: string[]
  /** With variables still in it; a list of `NAME=value` where one file was laid over another. */
  environment?: Record<string, string> | string[]
  // biome-ignore lint/suspicious/noExplicitAny: as the specification has it.
  [key: string]: any
}

export interface ComposeModel {
  services: Record<string, ComposeService>
  networks: Record<string, { internal?: boolean } | null>
  volumes: Record<string, unknown>
}

/** The reference implementation's loader, which is what `docker compose` itself reads files with, schema and all. */
const tool = {
  name: 'compose-go',
  version: 'v2.16.2',
  module: 'github.com/compose-spec/compose-go/v2/cmd',
  testsOf: 'the compose files',
}

export const findComposeGo = (options: { ci: boolean }): Promise<string | undefined> => findGoTool(tool, options)

/** Files laid over one another, checked against the specification. Rejects with the loader's own words. */
export const loadCompose = async (composeGo: string, files: readonly string[]): Promise<ComposeModel> => {
  // The variables are left in: this program of the reference does not read any.
  const { stdout } = await run(composeGo, ['-no-interpolation', '-format', 'json', ...files], { cwd: composeFolder })
  return JSON.parse(stdout)
}

const variable = /\$\{(\w+)(?::([-?])([^}]*))?\}/g

/** A value with its variables filled in; throws where `${NAME:?why}` has none. */
export const interpolate = (text: string, env: Readonly<Record<string, string | undefined>>): string =>
  text.replaceAll(variable, (_, name: string, how?: string, rest = '') => {
    if (env[name]) return env[name]
    if (how === '?') throw new Error(`${name}: ${rest}`)
    return rest
  })

/** The variables that a text names. */
export const variablesIn = (text: string): string[] => [...text.matchAll(variable)].map(([, name]) => name!)

export const environmentOf = (
  { environment = {} }: ComposeService,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> => {
  const pairs = Array.isArray(environment)
    ? environment.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
    : Object.entries(environment)
  return Object.fromEntries(pairs.map(([name, value]) => [name, interpolate(value, env)]))
}
