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
