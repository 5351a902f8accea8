import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@temporalio/client'
import { temporal } from '@temporalio/proto'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type DevServer, startDevServer } from '../../../cli/stack/dev-server.ts'
import { deploymentName, deploymentOptions } from '../../../temporal/deployment.ts'
import { readWorkerConfig } from '../../../worker/config.ts'
import type { goOn, sayBuild } from '../../fixtures/fleet-workflows.ts'
import { eventually } from '../../support/eventually.ts'

const { TaskQueueType } = temporal.api.enums.v1
const namespace = 'default'
const signal: typeof goOn.name = 'goOn'

let server: DevServer
let connection: NativeConnection
let client: Client

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  // A server of its own: a namespace has one deployment of our name.
  server = await startDevServer({ cli: inject('temporalCli') })
  connection = await NativeConnection.connect({ address: server.address })
  client = new Client({ connection, namespace })
})
afterAll(async () => {
  await connection?.close()
  await server?.stop()
})

/** Workers of a build: one for workflows, one for their activities, which say the build. */
const startBuild = async (buildId: string): Promise<() => Promise<void>> => {
  const common = { connection, namespace, ...deploymentOptions(buildId) }
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: 'say',
      workflowsPath: fileURLToPath(new URL('../../fixtures/fleet-workflows.ts', import.meta.url)),
    }),
    Worker.create({ ...common, taskQueue: 'build', activities: { build: async () => buildId } }),
  ])
  const running = Promise.all(workers.map((worker) => worker.run()))
  return async () => {
    for (const worker of workers) worker.shutdown()
    await running
  }
}

/** Waits until the server knows the build on both queues. */
const makeCurrent = (buildId: string) =>
  eventually(() =>
    connection.workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      deploymentName,
      buildId,
      identity: 'test',
    }),
  )

const start = (workflowId: string) =>
  client.workflow.start<typeof sayBuild>('sayBuild', { taskQueue: 'say', workflowId, args: ['build'] })

const activitiesDone = async (workflowId: string): Promise<number> => {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory()
  return events?.filter((event) => event.activityTaskCompletedEventAttributes).length ?? 0
}

describe('worker versioning', () => {
  it('keeps a workflow on the build that it began on', async () => {
    const stopA = await startBuild('A')
    const first = await start('on-a')
    // Nothing is current yet, so nobody takes it.
    await eventually(async () => {
      const { pollers, stats } = await connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: 'say' },
        taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        reportStats: true,
      })
      expect(pollers.length).toBeGreaterThan(0)
      expect(Number(stats?.approximateBacklogCount)).toBe(1)
    })
    expect(await activitiesDone('on-a')).toBe(0)
    await makeCurrent('A')
    await eventually(async () => expect(await activitiesDone('on-a')).toBe(1))

    const stopB = await startBuild('B')
    await makeCurrent('B')
    const second = await start('on-b')
    await eventually(async () => expect(await activitiesDone('on-b')).toBe(1))
    await Promise.all([first.signal(signal), second.signal(signal)])
    expect(await first.result()).toEqual(['A', 'A'])
    expect(await second.result()).toEqual(['B', 'B'])
    const { raw } = await first.describe()
    expect(raw.workflowExecutionInfo?.versioningInfo).toMatchObject({
      deploymentVersion: { deploymentName: 'idem', buildId: 'A' },
    })
    await Promise.all([stopA(), stopB()])
  })

  it('is what a worker process does with IDEM_BUILD_ID, on all of its queues', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'idem-version-'))
    const child = spawn(process.execPath, ['--import', 'tsx', 'cli/worker.ts'], {
      env: { ...process.env, TEMPORAL_ADDRESS: server.address, IDEM_STATE: stateDir, IDEM_BUILD_ID: '2026-11-24.1' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let stdout = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    const deploymentVersion = { deploymentName, buildId: '2026-11-24.1' }
    await eventually(async () => {
      const { workerDeploymentVersionInfo } = await connection.workflowService.describeWorkerDeploymentVersion({
        namespace,
        deploymentVersion,
      })
      const names = workerDeploymentVersionInfo?.taskQueueInfos?.map(({ name }) => name).sort()
      expect(names).toEqual(['control', 'cpu', 'gpu', 'outbound', 'webhooks'])
    })
    await eventually(() => expect(stdout).toContain('build 2026-11-24.1 gets no new workflows until it is current: '))
    expect(stdout).toContain('set-current-version --namespace default --deployment-name idem --build-id 2026-11-24.1\n')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    await rm(stateDir, { recursive: true, force: true })
  })

  it('is off without IDEM_BUILD_ID', () => {
    expect(deploymentOptions(readWorkerConfig({}).buildId)).toEqual({})
    expect(deploymentOptions(readWorkerConfig({ IDEM_BUILD_ID: '' }).buildId)).toEqual({})
  })
})
