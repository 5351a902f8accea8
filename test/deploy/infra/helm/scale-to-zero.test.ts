import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type DevServer, startDevServer } from '../../../../cli/stack/dev-server.ts'
import { queues } from '../../../../contracts/queues.ts'
import type { predict } from '../../../fixtures/gpu-workflows.ts'
import { chart, fileOf, helm } from '../../../support/chart.ts'
import { askScaler } from '../../../support/keda-scaler.ts'
import { parseManifests } from '../../../support/kubernetes-manifests.ts'

const run = promisify(execFile)

/** The trigger of the chart's ScaledObject, of a build or without versioning. */
const triggerOf = async (build = '') => {
  const set = ['gpu.mode=object', 'temporal.namespace=default', `worker.buildId=${build}`]
  const manifests = parseManifests(await chart.template({ files: [fileOf('gpu-job')], set }))
  return manifests.find(({ kind }) => kind === 'ScaledObject')!.spec.triggers[0].metadata
}

let server: DevServer
let connection: Connection
let native: NativeConnection
const stops = new Set<() => Promise<void>>()

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  server = await startDevServer({
    cli: inject('temporalCli'),
  })
  connection = await Connection.connect({ address: server.address })
  native = await NativeConnection.connect({ address: server.address })
})
afterAll(async () => {
  for (const stop of stops) await stop()
  await native.close()
  await connection.close()
  await server.stop()
})

/** A worker with the queues of one of the chart's deployments; gives the function that stops it. */
const startWorker = async (taskQueue: string, build?: string, diffuse = async () => `by ${build}`) => {
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    ...(taskQueue === queues.control
      ? { workflowsPath: fileURLToPath(new URL('../../../fixtures/gpu-workflows.ts', import.meta.url)) }
      : { activities: { diffuse } }),
    ...(build && {
      workerDeploymentOptions: {
        useWorkerVersioning: true,
        version: { deploymentName: 'idem', buildId: build },
        defaultVersioningBehavior: 'PINNED',
      },
    }),
  })
  const running = worker.run()
  const stop = async () => {
    if (!stops.delete(stop)) return
    worker.shutdown()
    await running
  }
  stops.add(stop)
  return stop
}

const start = (workflowId: string) =>
  new Client({ connection }).workflow.start<typeof predict>('predict', { workflowId, taskQueue: queues.control })
const deployment = (command: string, build: string, ...more: string[]) =>
  run(inject('temporalCli'), [
    ...['worker', 'deployment', command, '--deployment-name', 'idem', '--build-id', build],
    ...['--address', server.address, '--yes'],
    ...more,
  ])

describe.skipIf(!helm)('the trigger of the chart, at a real Temporal', () => {
  it('wakes a worker for what waits, keeps it while a prediction is open, and lets it go after', async () => {
    const trigger = await triggerOf()
    const stopControl = await startWorker(queues.control)
    await expect.poll(() => askScaler(connection, trigger)).toEqual({ backlog: 0, active: false })
    const prediction = await start('unversioned')
    await expect.poll(() => askScaler(connection, trigger)).toEqual({ backlog: 1, active: true })

    let finish = () => {}
    const started = new Promise<void>((taken) => {
      void startWorker(queues.gpu, undefined, async () => {
        taken()
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        return 'done'
      })
    })
    await started
    // The task that runs is in no backlog; only the open prediction tells of it.
    await expect.poll(() => askScaler(connection, trigger)).toEqual({ backlog: 0, active: true })
    const backlogAlone = { ...trigger, includeRunningWorkflowCount: 'false' }
    expect(await askScaler(connection, backlogAlone)).toEqual({ backlog: 0, active: false })
    finish()
    expect(await prediction.result()).toBe('done')
    await expect.poll(() => askScaler(connection, trigger)).toEqual({ backlog: 0, active: false })
    for (const stop of stops) await stop()
    await stopControl()
  })

  it('sees the backlog of a build whose gpu worker has been there once, and of no other build', async () => {
    const [first, second] = [await triggerOf('b1'), await triggerOf('b2')]
    // Open since before there were builds.
    const stopUnversioned = await startWorker(queues.control)
    const older = await start('older')
    await expect.poll(async () => (await older.describe()).historyLength).toBeGreaterThan(4)
    await stopUnversioned()
    await startWorker(queues.control, 'b1')
    const stopGpu = await startWorker(queues.gpu, 'b1')
    const queuesOf = async (buildId: string) => {
      const version = { namespace: 'default', deploymentVersion: { deploymentName: 'idem', buildId } }
      const described = await connection.workflowService.describeWorkerDeploymentVersion(version)
      return described.versionTaskQueues.map(({ name }) => name).toSorted()
    }
    await expect.poll(() => queuesOf('b1').catch(() => [])).toEqual([queues.control, queues.gpu])
    await deployment('set-current-version', 'b1')
    expect(await older.result()).toBe('by b1')
    await stopGpu()

    const pinned = await start('pinned')
    await expect.poll(() => askScaler(connection, first)).toEqual({ backlog: 1, active: true })

    // A build whose gpu worker has never been there must not become current.
    await startWorker(queues.control, 'b2')
    await expect.poll(() => queuesOf('b2').catch(() => [])).toEqual([queues.control])
    await expect(deployment('set-current-version', 'b2')).rejects.toThrow('missing active task queues')
    await expect(deployment('set-ramping-version', 'b2')).rejects.toThrow('missing active task queues')
    const stopSecond = await startWorker(queues.gpu, 'b2', async () => 'by the wrong one')
    await expect.poll(() => queuesOf('b2')).toEqual([queues.control, queues.gpu])
    await deployment('set-ramping-version', 'b2', '--percentage', '10')
    await deployment('set-ramping-version', 'b2', '--delete')
    await deployment('set-current-version', 'b2')
    expect(await askScaler(connection, second)).toEqual({ backlog: 0, active: false })

    // b2 is current and has a worker; the prediction still waits for the one of b1.
    expect(await askScaler(connection, { ...first, includeRunningWorkflowCount: 'false' })).toMatchObject({
      backlog: 1,
    })
    await startWorker(queues.gpu, 'b1')
    expect(await pinned.result()).toBe('by b1')
    await stopSecond()

    // Back to the build before: no worker has to start for that.
    await deployment('set-current-version', 'b1')
    expect(await (await start('rolled-back')).result()).toBe('by b1')
  })
})
