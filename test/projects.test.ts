import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { expect, it } from 'vitest'
import config from '../vitest.config.ts'

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
const projects = config.test!.projects!.map((project) => (project as { test: { name: string } }).test.name)

it('has a script for each project', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const project of projects) expect(scripts[`test:${project}`]).toBe(`vitest run --project ${project}`)
})

// What starts inside the SDK's native code is out of reach of test/support/loopback-only.js.
it('has no unit test that uses the SDK’s own servers, or connects to one', () => {
  const native = /\b(TestWorkflowEnvironment|NativeConnection|runReplayHistory)\b/
  const unit = files.filter((file) => file.startsWith(`unit${sep}`) && file.endsWith('.ts'))
  expect(unit.filter((file) => native.test(readFileSync(join('test', file), 'utf8')))).toEqual([])
})

it('has a unit test of each activity, by its name', () => {
  const names = readdirSync('activities').flatMap((file) => /^(.*)\.ts$/.exec(file)?.[1] ?? [])
  expect(names.length).toBeGreaterThan(9)
  expect(names.filter((name) => !files.includes(join('unit', 'activities', `${name}.test.ts`)))).toEqual([])
})

// A wait for a time is too short on a busy machine, and too long on any other: see test/support/eventually.ts and gates.ts.
it('has no test that waits for a time, or for a state with a limit that a busy machine breaks', () => {
  const waits =
    /\bvi\.waitFor\(|^\s*\}, [\d_]{5,}\)$|^\s+[\d_]{5,},?\n\s*\)$|\bawait sleep\(|setTimeout\((?:resolve|done|wait)\b|\.waitFor\(\{[^}]*timeout/m
  const tests = files.filter((file) => file.endsWith('.ts') && file !== join('support', 'eventually.ts'))
  const waiting = tests.filter((file) => waits.test(readFileSync(join('test', file), 'utf8')))
  // Workflows sleep by Temporal's clock; the last one tests `sleep` itself.
  const allowed = [join('fixtures', 'webhook-workflows.ts'), join('unit', 'lib', 'waiting.test.ts'), 'projects.test.ts']
  expect(waiting.filter((file) => !allowed.includes(file))).toEqual([])
})
