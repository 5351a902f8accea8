import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import proto from '@temporalio/proto'
import { Worker } from '@temporalio/worker'
import { expect, it } from 'vitest'

// Histories of workflows as they were released, as protobuf (temporal.api.history.v1.History). A change that breaks one would break predictions that are under way.
const histories = readdirSync('test/histories').filter((name) => name.endsWith('.bin'))

it('has histories to replay', () => {
  expect(histories.length).toBeGreaterThanOrEqual(4)
})

it.each(histories)('%s replays', async (name) => {
  const history = proto.temporal.api.history.v1.History.decode(readFileSync(`test/histories/${name}`))
  await Worker.runReplayHistory({ workflowsPath: resolve('workflows/index.ts') }, history)
})
