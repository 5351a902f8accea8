import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Prediction } from '../../../contracts/prediction.ts'
import { listAll } from '../../../storage/store.ts'
import { eventually } from '../../support/eventually.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

const run = promisify(execFile)
const pixel = `data:image/png;base64,${Buffer.from('no photo, but bytes to store').toString('base64')}`

let goOn: () => void = () => undefined
const held = new Promise<void>((resolve) => {
  goOn = resolve
})

let api: TestApi
let mounted = false
beforeAll(async () => {
  api = await startApi({}, { generate: () => held })
  mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', api.folder]).then(
    () => true,
    () => false,
  )
})
afterAll(async () => {
  if (mounted) await run('umount', ['-l', api.folder])
  await api?.stop()
})

const remount = (mode: 'ro' | 'rw') => run('mount', ['-o', `remount,${mode}`, api.folder])
const get = (id: string) => api.json<Prediction>(api.request(`/v1/predictions/${id}`))

it('a store that is read-only for a while costs callers a 503, and no prediction', async (context) => {
  if (!mounted) return context.skip('Only root can mount a disk')
  const { id } = await eventually(async () => {
    const response = await api.post({ input: { input_image: photo } }, { 'idempotency-key': 'outage' })
    expect(response.status).toBe(201)
    return api.json(response)
  })
  await eventually(async () => expect(await listAll(api.store, `predictions/${id}/`)).toHaveLength(2))
  const storage = async () => (await api.json<{ checks: { storage: string } }>(api.request('/readyz'))).checks.storage
  expect(await storage()).toBe('ok')

  await remount('ro')
  await eventually(async () => expect(await storage()).toBe('away'))
  const refused = await api.post({ input: { input_image: pixel } })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
  goOn()
  const handle = api.client.workflow.getHandle(id)
  await eventually(async () => {
    const { raw } = await handle.describe()
    expect(raw.pendingActivities?.[0]).toMatchObject({ activityType: { name: 'publishImages' } })
    expect(raw.pendingActivities?.[0]?.attempt).toBeGreaterThan(2)
  })

  await remount('rw')
  await eventually(async () => expect(await get(id)).toMatchObject({ status: 'succeeded' }))
  await eventually(async () => expect(await storage()).toBe('ok'))
  // The photo is gone, as if nothing had happened.
  expect(await listAll(api.store, `predictions/${id}/`)).toEqual([`predictions/${id}/identity.f32`])
})
