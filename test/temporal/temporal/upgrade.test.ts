import { resolve } from 'node:path'
import { Client } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { newPredictionId } from '../../../contracts/prediction-id.ts'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { createPredictionAdmin } from '../../../temporal/grpc-prediction-admin.ts'
import { createPayloadViewer } from '../../../temporal/payload-codec.ts'
import { ensureSweepSchedule } from '../../../temporal/sweep-schedule.ts'
import { createEarlierConverter } from '../../support/earlier-release.ts'
import { eventually } from '../../support/eventually.ts'
import { type InstantWorkerOptions, runInstantWorkers } from '../../support/instant-worker.ts'
import { createTestClient } from '../../support/namespace.ts'
import { keyRing, startApi, type TestApi } from '../../support/test-api.ts'

// A deployment replaces a release that encrypted payloads without binding them to their place, while it has work.

let api: TestApi
/** Clients of the earlier release, and of this one during the migration. */
let earlier: Client
let migrating: Client
const accept = 'unbound'
const query = { tenant: 'acme', models: ['idem/arc2face'], limit: 5 }
beforeAll(async () => {
  api = await startApi({}, { workers: false })
  const { connection, namespace } = api
  earlier = new Client({ connection, namespace, dataConverter: createEarlierConverter(keyRing, namespace) })
  migrating = createTestClient(connection, namespace, keyRing, accept)
})
afterAll(() => api.stop())

/** As the API of the earlier release started them. */
const startEarlier = async (workflowId: string) => {
  const key = artifactKeys.upload('acme', 'u1')
  await earlier.workflow.start('generateFaces', {
    workflowId,
    taskQueue: 'control',
    memo: { tenant: 'acme', model: 'idem/arc2face', version: 'v', requestHash: 'h' },
    searchAttributes: { IdemTenant: ['acme'], IdemModel: ['idem/arc2face'], IdemStatus: ['starting'] },
    args: [
      {
        predictionId: workflowId,
        retentionMs: 3_600_000,
        keepPhotos: false,
        photos: [{ key }],
        faceSelection: 'largest',
        minFaceSizePx: 0,
        seeds: [1],
        numSteps: 25,
        guidanceScale: 3,
        scheduler: 'dpmpp_2m',
        generator: 'cuda',
        maxAttempts: 1,
        echo: {},
      },
    ],
  })
}

/** Its workers for workflows, until the first step is scheduled. */
const runEarlierWorker = async (workflowId: string) => {
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
  const worker = await Worker.create({
    connection,
    namespace: api.namespace,
    taskQueue: 'control',
    dataConverter: createEarlierConverter(keyRing, api.namespace),
    workflowsPath: resolve('workflows/index.ts'),
  })
  await worker.runUntil(
    eventually(async () => {
      const { events } = await earlier.workflow.getHandle(workflowId).fetchHistory()
      expect(events?.some((event) => event.activityTaskScheduledEventAttributes)).toBe(true)
    }),
  )
  await connection.close()
}

const withWorkers = async (options: Pick<InstantWorkerOptions, 'accept'>, run: () => Promise<unknown>) => {
  const { namespace, store } = api
  const workers = await runInstantWorkers({ client: migrating, namespace, keyRing, store, ...options })
  await run()
  await workers.stop()
}

it('lets a prediction that is under way finish, and shows it, where its payloads are accepted', async () => {
  const id = newPredictionId()
  await startEarlier(id)
  await runEarlierWorker(id)
  const orchestrator = createGrpcOrchestrator(migrating, { accept })
  await withWorkers({ accept }, () => orchestrator.waitForEnd(id, 60_000))
  const record = await orchestrator.read(id)
  expect(record).toMatchObject({ id, tenant: 'acme', model: 'idem/arc2face', state: 'completed' })
  expect(record?.result).toMatchObject({ images: [{ seed: 1 }] })
  // Nothing of it is shown where they are not.
  expect(await createGrpcOrchestrator(api.client).read(id)).toBeUndefined()
  await eventually(async () => {
    const listed = await orchestrator.list(query)
    expect(listed.records.map((one) => one.id)).toEqual([id])
  })
  expect((await createGrpcOrchestrator(api.client).list(query)).records).toEqual([])
})

it('begins none that an earlier release has started, where its payloads are not accepted', async () => {
  const id = newPredictionId()
  await startEarlier(id)
  await withWorkers({}, () =>
    eventually(async () => {
      const { events } = await earlier.workflow.getHandle(id).fetchHistory()
      const failed = events?.find((event) => event.workflowTaskFailedEventAttributes)
      const { encodedAttributes } = failed!.workflowTaskFailedEventAttributes!.failure!
      const [shown] = await createPayloadViewer(keyRing, api).decode([encodedAttributes!])
      expect(Buffer.from(shown!.data!).toString()).toContain('IDEM_ACCEPT_OLD_PAYLOADS')
    }),
  )
  await earlier.workflow.getHandle(id).terminate()
})

it('takes over the schedule of the sweep', async () => {
  await earlier.schedule.create({
    scheduleId: 'idem-sweep',
    spec: { intervals: [{ every: '1 hour' }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'sweepExpired',
      workflowId: 'idem-sweep',
      taskQueue: 'control',
      args: [{ retentionMs: 1, orphansEveryMs: 1 }],
    },
  })
  await ensureSweepSchedule(api.client, 3_600_000)
  const { action } = await api.client.schedule.getHandle('idem-sweep').describe()
  const input = { sealedFor: 'input of sweepExpired', value: { orphansEveryMs: 3_600_000 } }
  expect(action).toMatchObject({ args: [input] })
  await api.client.schedule.getHandle('idem-sweep').delete()
})

it('sweeps what an earlier release has made when its time is over, only where its payloads are accepted', async () => {
  const id = newPredictionId()
  const past = new Date(Date.now() - 1_000)
  await earlier.workflow.start('generateFaces', {
    workflowId: id,
    taskQueue: 'nobody',
    memo: { tenant: 'acme', model: 'idem/arc2face', version: 'v', requestHash: 'h' },
    searchAttributes: { IdemExpiresAt: [past] },
    args: [{}],
  })
  await earlier.workflow.getHandle(id).terminate()
  const expiredFor = async (admin: ReturnType<typeof createPredictionAdmin>) => {
    const ids: string[] = []
    for await (const one of admin.listExpired(0, Date.now() + 60_000)) ids.push(one)
    return ids
  }
  await eventually(async () => expect(await expiredFor(createPredictionAdmin(migrating, { accept }))).toContain(id))
  expect(await expiredFor(createPredictionAdmin(api.client))).toEqual([])
})
