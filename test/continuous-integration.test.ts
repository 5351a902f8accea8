import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { root, textOf } from './support/repository.ts'

interface Job {
  strategy?: { matrix: { node: number[] } }
  steps: { run?: string; uses?: string }[]
}

const { jobs } = parse(textOf('.github/workflows/ci.yml')) as { jobs: Record<string, Job> }
const steps = Object.values(jobs).flatMap((job) => job.steps)
const { engines } = JSON.parse(textOf('package.json')) as { engines: { node: string } }

describe('the GitHub workflow', () => {
  it('runs the scripts that a developer runs', () => {
    const scripts = steps.flatMap(({ run }) => run?.match(/^\.ci\/\S+/)?.[0] ?? [])
    expect(scripts).toContain('.ci/run')
    expect(scripts.filter((script) => !existsSync(join(root, script)))).toEqual([])
  })

  it('tests the oldest release of Node that is supported, which .nvmrc names, and newer ones', () => {
    const oldest = Number(/\d+/.exec(engines.node)![0])
    expect(jobs.test!.strategy!.matrix.node).toEqual([oldest, oldest + 2, oldest + 4])
    expect(textOf('.nvmrc').trim()).toBe(`${oldest}`)
  })

  it('pins each action by a tag', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? [])
    expect(actions.length).toBeGreaterThan(0)
    expect(actions.filter((action) => !/@v\d+(\.\d+)*$/.test(action))).toEqual([])
  })
})
