import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { models } from '../../../api/models/index.ts'
import { createPredictionView } from '../../../api/prediction-view.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import type { ErasureReceipt } from '../../../contracts/erasure.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { tenantHolder } from '../../../contracts/url-holder.ts'
import { listAll } from '../../../storage/store.ts'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { ensureSweepSchedule } from '../../../temporal/sweep-schedule.ts'
import { eventually } from '../../support/eventually.ts'
import { createGates } from '../../support/gates.ts'
import { resetWorkflow } from '../../support/reset.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'
import { untilCancelRequested } from '../../support/workflow-history.ts'

const input = { input_image: photo, num_images: 1 }
const dataUri = `data:image/png;base64,${Buffer.from('bytes of a photo').toString('base64')}`

let api: TestApi
/** Predictions with this seed are held while they diffuse. */
const held = 999
const gates = createGates()
beforeAll(async () => {
  const generate = async ({ predictionId, seeds: [seed] }: { predictionId: string; seeds: number[] }) => {
    if (seed === held) await gates.pass(predictionId)
  }
  api = await startApi({}, { generate })
})
afterAll(async () => {
  gates.openAll()
  await api.stop()
})

const make = (body: object, headers = {}) => api.json(api.post(body, { prefer: 'wait', ...headers }))
const erase = async (id: string) => {
  const response = await api.request(`/v1/predictions/${id}`, { method: 'DELETE' })
  return { status: response.status, receipt: (await response.json()) as ErasureReceipt }
}
const get = (id: string) => api.request(`/v1/predictions/${id}`)
/** Starts one that is held; resolves when it is. */
const makeHeld = async (headers = {}) => {
  const { id } = await api.json(api.post({ input: { ...input, seed: held } }, headers))
  await gates.reached(id)
  return id
}
const left = async (id: string) =>
  (
    await Promise.all(
      [artifactKeys.prediction(id), artifactKeys.published(id)].map((prefix) => listAll(api.store, prefix)),
    )
  ).flat()

describe('photos and drafts', () => {
  it('go when the prediction ends', async () => {
    const { id } = await make({ input: { ...input, input_image: dataUri } })
    expect(await left(id)).toEqual([artifactKeys.identity(id), artifactKeys.output(id, 0)])
  })

  it('also when it fails', async () => {
    const { id, status } = await make({ input: { input_images: [dataUri, 'https://example.com/missing.jpg'] } })
    expect([status, await left(id)]).toEqual(['failed', []])
  })

  it('also when it is canceled', async () => {
    const { id } = await api.json(api.post({ input: { ...input, input_image: dataUri, seed: held } }))
    await gates.reached(id)
    expect((await left(id)).length).toBe(3)
    await api.request(`/v1/predictions/${id}/cancel`, { method: 'POST' })
    gates.open(id)
    await eventually(async () => expect(await api.json(get(id))).toMatchObject({ status: 'canceled' }))
    expect(await left(id)).toEqual([artifactKeys.identity(id)])
  })

  it('stay where the request asks for it', async () => {
    const { id } = await make({ input: { ...input, input_image: dataUri }, keep_photos: true })
    expect((await left(id)).filter((key) => /photo-|upload-/.test(key))).toHaveLength(2)
  })
})

describe('DELETE of a prediction', () => {
  it('destroys key, artifacts and history, and answers the same receipt for ever', async () => {
    const key = { 'idempotency-key': 'erase-me' }
    const { id, output } = await make({ input }, key)
    const { status, receipt } = await erase(id)
    expect(status).toBe(200)
    expect(receipt).toEqual({
      id,
      erased_at: expect.any(String),
      canceled: false,
      key_shredded: true,
      keys_apart: true,
      artifacts: [artifactKeys.identity(id), artifactKeys.output(id, 0)],
      histories: [id],
      derived: [],
      derived_erased: false,
    })
    expect((await get(id)).status).toBe(404)
    expect(await left(id)).toEqual([])
    await expect(
      api.store.put(artifactKeys.photo(id), new Uint8Array(1), { contentType: 'image/png' }),
    ).rejects.toMatchObject({ problem: 'shredded' })
    await expect(api.client.workflow.getHandle(id).describe()).rejects.toThrow()
    const { pathname, search } = new URL((output as string[])[0]!)
    expect((await api.request(pathname + search)).status).toBe(404)
    expect(await erase(id)).toEqual({ status: 200, receipt })
    // The key stays used: nothing comes back under it.
    expect((await api.post({ input }, key)).status).toBe(409)
  })

  it('refuses the idempotency key from its start on', async () => {
    const key = { 'idempotency-key': 'erase-me-while-i-run' }
    const id = await makeHeld(key)
    const erasing = erase(id)
    await eventually(async () => expect((await get(id)).status).toBe(404))
    expect((await api.post({ input: { ...input, seed: held } }, key)).status).toBe(409)
    gates.open(id)
    expect((await erasing).status).toBe(200)
  })

  it('cancels one that runs, and is one erasure for many calls at once', async () => {
    const id = await makeHeld()
    const erasing = [1, 2, 3].map(() => erase(id))
    await untilCancelRequested(api.client, id)
    gates.open(id)
    const all = await Promise.all(erasing)
    expect(all[0]!.receipt).toMatchObject({ id, canceled: true, histories: [id] })
    expect(all[1]).toEqual(all[0])
    expect(all[2]).toEqual(all[0])
  })

  it('also deletes the history of its webhook', async () => {
    // Nobody serves the webhook's activity here: its delivery waits.
    const { id } = await make({ input, webhook: 'https://example.com/hook' })
    expect((await erase(id)).receipt.histories).toEqual([`webhook-${id}`, id])
  })

  it('leaves what is read meanwhile without its data, not in error', async () => {
    const { id } = await make({ input })
    const faces = artifactKeys.faces(id)
    await api.store.put(faces, new TextEncoder().encode('[]'), { contentType: 'application/json' })
    // The first thing that an erasure does.
    await api.store.shred(id)
    const response = await api.post({ input: { identity_of: id } })
    expect([response.status, await response.json()]).toMatchObject([410, { detail: expect.stringContaining('erased') }])
    expect((await get(id)).status).toBe(200)
    const view = createPredictionView({
      models,
      store: api.store,
      publicUrl: 'http://idem.test',
      temporalUiUrl: '',
      urlSigningKeys: [new Uint8Array(32)],
    })
    const record = (await createGrpcOrchestrator(api.client).read(id))!
    const result = { facesKeys: [faces], timingsMs: {} }
    const shown = await view({ ...record, model: 'idem/face-embedding', result }, tenantHolder(record.tenant))
    expect(shown.output).toEqual([null])
  })

  it('deletes the history of every run of one that was reset', async () => {
    const { id } = await make({ input })
    const { runId: first } = await api.client.workflow.getHandle(id).describe()
    await resetWorkflow(api.client, id)
    const { runId: second } = await api.client.workflow.getHandle(id).describe()
    expect(second).not.toBe(first)
    expect((await erase(id)).receipt.histories).toEqual([id])
    for (const runId of [first, second]) {
      await expect(api.client.workflow.getHandle(id, runId).describe()).rejects.toThrow('not found')
    }
  })

  it.each(['x', '0'.repeat(26)])('is a 404 for one that never was: %s', async (id) => {
    expect((await erase(id)).status).toBe(404)
  })
})

describe('retention', () => {
  it('takes what a request asks for, and no more than the service keeps', async () => {
    const asked = async (retention: string) => {
      const { id } = await make({ input, retention })
      const { searchAttributes, closeTime } = await api.client.workflow.getHandle(id).describe()
      return ((searchAttributes.IdemExpiresAt as Date[])[0]!.getTime() - closeTime!.getTime()) / 1000
    }
    // It is counted from the workflow's last task on, which ends a little later.
    for (const [retention, seconds] of [
      ['90s', 90],
      ['9h', 3600],
    ] as const) {
      const kept = await asked(retention)
      expect(kept).toBeGreaterThan(seconds - 60)
      expect(kept).toBeLessThanOrEqual(seconds)
    }
  })

  it('leaves a prediction readable without its data, and sweeps artifacts and orphans', async () => {
    const short = await startApi({ retentionMs: 2_000 })
    const made = await short.json<Prediction>(short.post({ input }, { prefer: 'wait' }))
    const orphan = artifactKeys.photo('0'.repeat(26))
    await short.store.put(orphan, new Uint8Array(1), { contentType: 'image/png' })
    await short.store.put(artifactKeys.upload('local', 'u1'), new Uint8Array(1), { contentType: 'image/png' })
    expect(made.status).toBe('succeeded')
    await ensureSweepSchedule(short.client, 2_000)
    // A second start finds the schedule there.
    await ensureSweepSchedule(short.client, 2_000)
    await eventually(async () => {
      for (const prefix of ['predictions/', 'public/', 'uploads/'])
        expect(await listAll(short.store, prefix)).toEqual([])
    })
    const now = await short.json<Prediction>(short.request(`/v1/predictions/${made.id}`))
    expect(now).toMatchObject({ status: 'succeeded', data_removed: true, input: {}, output: null })
    expect((await short.post({ input: { identity_of: made.id } })).status).toBe(410)
    expect((await short.request(`/v1/predictions/${made.id}/manifest`)).status).toBe(410)
    await expect(short.store.put(orphan, new Uint8Array(1), { contentType: 'a/b' })).rejects.toMatchObject({
      problem: 'shredded',
    })
    await short.stop()
  })
})
