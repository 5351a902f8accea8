import { heartbeat } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GenerateFacesInput } from '../../../contracts/generate-faces.ts'
import { newPredictionId } from '../../../contracts/prediction-id.ts'
import type { PredictionRecord } from '../../../contracts/record.ts'
import {
  type ListQuery,
  type Orchestrator,
  OrchestratorUnavailable,
  type StartPrediction,
} from '../../../temporal/orchestrator.ts'
import { eventually } from '../../support/eventually.ts'
import { createGates } from '../../support/gates.ts'
import { settings } from '../../support/settings.ts'
import { startApi, type TestApi } from '../../support/test-api.ts'
import { untilCancelRequested } from '../../support/workflow-history.ts'

/** Seeds that make `generateImages` do something else than to end at once. */
export const seeds = { held: 900, retried: 901, refused: 902 }

/** Only what hangs takes longer. */
export const longEnoughMs = 90_000

const model = 'idem/arc2face'
const models = [model]

const never = () => new AbortController().signal

/** A namespace with workers: a diffusion can be held at step 3 of 9, fail once before that, or fail for good. */
export const startWorld = async () => {
  const gates = createGates()
  const failed = new Set<string>()
  const generate = async ({ predictionId, seeds: [seed] }: { predictionId: string; seeds: number[] }) => {
    if (seed === seeds.refused) {
      throw ApplicationFailure.nonRetryable('Not with this face', 'face_too_small', { sizePx: 7 })
    }
    if (seed === seeds.retried && !failed.has(predictionId)) {
      failed.add(predictionId)
      throw ApplicationFailure.retryable('Out of memory for once', 'out_of_memory')
    }
    if (seed !== seeds.held && seed !== seeds.retried) return
    heartbeat({ step: 3, of: 9 })
    await gates.pass(predictionId)
  }
  const api = await startApi({}, { generate })
  return {
    api,
    /** Ends a prediction as an operator would. */
    end: async (id: string) => {
      await api.client.workflow.getHandle(id).terminate()
      // The one worker of the gpu queue is free again.
      gates.open(id)
    },
    stop: async () => {
      gates.openAll()
      await api.stop()
    },
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>

export const predictionOf = (more: Partial<GenerateFacesInput> = {}, tenant = 'local'): StartPrediction => {
  const predictionId = newPredictionId()
  return {
    tenant,
    model,
    version: 'v1',
    requestHash: `hash of ${predictionId}`,
    summary: '1 image · größer',
    details: '| a | b |\n| --- | --- |',
    start: {
      workflow: 'generateFaces',
      input: {
        predictionId,
        retentionMs: 3_600_000,
        keepPhotos: false,
        photos: [{ url: 'https://example.com/größer.jpg' }],
        faceSelection: 'largest',
        minFaceSizePx: 0,
        seeds: [1],
        settings,
        maxAttempts: 3,
        echo: { seed: 1 },
        ...more,
      },
    },
  }
}

/** Starts `more` and gives its id. */
export const begin = async (orchestrator: Orchestrator, more: Partial<GenerateFacesInput> = {}, tenant?: string) => {
  const prediction = predictionOf(more, tenant)
  await orchestrator.start(prediction)
  return prediction.start.input.predictionId
}

export const isDiffusing = ({ pending }: PredictionRecord) => pending.some(({ progress }) => progress?.step === 3)

export const untilRecord = (orchestrator: Orchestrator, id: string, reached: (record: PredictionRecord) => boolean) =>
  eventually(async () => {
    const record = await orchestrator.read(id)
    if (!record || !reached(record)) throw new Error('not yet')
    return record
  })

/** What every gateway to Temporal does, whatever its transport. */
export const describeOrchestrator = (
  name: string,
  open: (world: World) => { orchestrator: Orchestrator; lost: Orchestrator; close?: () => Promise<void> },
) =>
  describe(name, () => {
    let world: World
    let api: TestApi
    let orchestrator: Orchestrator
    let lost: Orchestrator
    let close: (() => Promise<void>) | undefined
    beforeAll(async () => {
      world = await startWorld()
      api = world.api
      ;({ orchestrator, lost, close } = open(world))
    })
    afterAll(async () => {
      await close?.()
      await world.stop()
    })

    it('starts a prediction once, also of fifty calls at once, and never again', async () => {
      const prediction = predictionOf()
      const answers = await Promise.all(Array.from({ length: 50 }, () => orchestrator.start(prediction)))
      expect(answers.filter((answer) => answer === 'started')).toHaveLength(1)
      expect(answers.filter((answer) => answer === 'exists')).toHaveLength(49)
      const { predictionId } = prediction.start.input
      expect(await orchestrator.waitForEnd(predictionId, longEnoughMs)).toBe(true)
      expect(await orchestrator.start(prediction)).toBe('exists')
    })

    it('reads what was started, and what came of it', async () => {
      const prediction = predictionOf()
      const { predictionId: id } = prediction.start.input
      await orchestrator.start(prediction)
      await orchestrator.waitForEnd(id, longEnoughMs)
      const record = await orchestrator.read(id)
      const { tenant, model, version, requestHash, start } = prediction
      expect(record).toMatchObject({ id, tenant, model, version, requestHash, ...start })
      expect(record).toMatchObject({ namespace: api.namespace, state: 'completed', pending: [] })
      expect(record?.result).toMatchObject({ images: [{ seed: 1, key: `public/${id}/output-0.png` }] })
      expect(record?.finished.map((step) => [step.name, step.outcome])).toContainEqual(['generateImages', 'completed'])
      expect(Math.abs(Date.now() - Number(record?.createdAt))).toBeLessThan(60_000)
      expect(record?.createdNanos).toMatch(/^\d{19}$/)
      expect(Number(record?.endedAt)).toBeGreaterThan(Number(record?.createdAt))
    })

    it('knows nothing of what is not there', async () => {
      const id = newPredictionId()
      expect(await orchestrator.read(id)).toBeUndefined()
      expect(await orchestrator.readErasure(id)).toBeUndefined()
      await orchestrator.cancel(id)
      const seen: PredictionRecord[] = []
      for await (const record of orchestrator.watch(id, never())) seen.push(record)
      expect(seen).toEqual([])
    })

    it('tells the failure of a step with its type and details', async () => {
      const id = await begin(orchestrator, { seeds: [seeds.refused] })
      expect(await orchestrator.waitForEnd(id, longEnoughMs)).toBe(true)
      const failure = { type: 'face_too_small', message: 'Not with this face', details: { sizePx: 7 } }
      expect(await orchestrator.read(id)).toMatchObject({ state: 'failed', failure })
    })

    it('tells how far a step is, and why its attempt before failed', async () => {
      const id = await begin(orchestrator, { seeds: [seeds.retried] })
      const { pending } = await untilRecord(orchestrator, id, isDiffusing)
      expect(pending).toEqual([
        {
          name: 'generateImages',
          state: 'started',
          attempt: 2,
          progress: { step: 3, of: 9 },
          lastFailure: 'Out of memory for once',
        },
      ])
      await world.end(id)
      const failure = { type: 'internal', message: 'An operator ended this prediction' }
      expect(await orchestrator.read(id)).toMatchObject({ state: 'failed', failure })
    })

    it('waits for the end as long as it is asked to, and no longer', async () => {
      const id = await begin(orchestrator, { seeds: [seeds.held] })
      await untilRecord(orchestrator, id, isDiffusing)
      const startedAt = performance.now()
      expect(await orchestrator.waitForEnd(id, 1_000)).toBe(false)
      expect(performance.now() - startedAt).toBeGreaterThan(950)
      const gone = new AbortController()
      const waiting = orchestrator.waitForEnd(id, 3_600_000, gone.signal)
      gone.abort()
      expect(await waiting).toBe(false)
      await world.end(id)
      expect(await orchestrator.waitForEnd(id, longEnoughMs)).toBe(true)
    })

    it('asks for the cancellation of what runs, and leaves what has ended', async () => {
      const ended = await begin(orchestrator)
      await orchestrator.waitForEnd(ended, longEnoughMs)
      const id = await begin(orchestrator, { seeds: [seeds.held] })
      await untilRecord(orchestrator, id, isDiffusing)
      for (const each of [id, ended]) await orchestrator.cancel(each)
      expect(await orchestrator.read(ended)).toMatchObject({ state: 'completed' })
      await untilCancelRequested(api.client, id)
      await world.end(id)
    })

    it('watches a prediction as it goes until it has ended', async () => {
      const id = await begin(orchestrator, { seeds: [seeds.held] })
      const seen: PredictionRecord[] = []
      let ended = false
      for await (const record of orchestrator.watch(id, never())) {
        seen.push(record)
        if (isDiffusing(record) && !ended) {
          ended = true
          await world.end(id)
        }
      }
      expect(seen.length).toBeGreaterThan(2)
      expect(seen.some(isDiffusing)).toBe(true)
      expect(seen.at(-1)?.state).toBe('failed')
      expect(seen.slice(0, -1).every(({ state }) => state === 'running')).toBe(true)
      expect(seen.at(-1)).toEqual(await orchestrator.read(id))
    })

    it('stops watching when it is told to', async () => {
      const id = await begin(orchestrator, { seeds: [seeds.held] })
      await untilRecord(orchestrator, id, isDiffusing)
      const stop = new AbortController()
      const records = orchestrator.watch(id, stop.signal)[Symbol.asyncIterator]()
      expect((await records.next()).value).toMatchObject({ state: 'running' })
      const next = records.next()
      stop.abort()
      // One may have been on its way.
      if (!(await next).done) expect(await records.next()).toMatchObject({ done: true })
      await world.end(id)
    })

    it('lists and counts the predictions of a tenant, page by page', async () => {
      const tenant = `tenant-${newPredictionId()}`
      const ids: string[] = []
      for (let i = 0; i < 5; i++) ids.unshift(await begin(orchestrator, {}, tenant))
      await Promise.all(ids.map((id) => orchestrator.waitForEnd(id, longEnoughMs)))
      const running = await begin(orchestrator, { seeds: [seeds.held] }, tenant)
      await eventually(async () =>
        expect((await orchestrator.list({ tenant, models, status: 'succeeded', limit: 9 })).records).toHaveLength(5),
      )
      await eventually(async () => expect(await orchestrator.countRunning(tenant)).toBe(1))
      const idsOf = async (query: Partial<ListQuery>) => {
        const page = await orchestrator.list({ tenant, models, limit: 2, ...query })
        return { ...page, ids: page.records.map(({ id }) => id) }
      }
      await untilRecord(orchestrator, running, isDiffusing)
      const first = await idsOf({})
      expect([first.ids, first.newer]).toEqual([[running, ids[0]], undefined])
      const second = await idsOf({ olderThan: first.older! })
      const third = await idsOf({ olderThan: second.older! })
      expect([second.ids, third.ids, third.older]).toEqual([ids.slice(1, 3), ids.slice(3), undefined])
      expect((await idsOf({ newerThan: third.newer! })).ids).toEqual(ids.slice(1, 3))
      await world.end(running)
    })

    it('delivers once more, not while it delivers', async () => {
      const id = newPredictionId()
      expect(await orchestrator.redeliver(id, { url: 'https://hook.example', tenant: 'local' })).toBe('started')
      expect(await orchestrator.redeliver(id, { url: 'https://hook.example', tenant: 'local' })).toBe('running')
      await api.client.workflow.getHandle(`webhook-${id}`).terminate()
    })

    it('erases once, and keeps the receipt', async () => {
      const id = await begin(orchestrator, {}, 'acme')
      await orchestrator.waitForEnd(id, longEnoughMs)
      for (let i = 0; i < 2; i++) await orchestrator.erase(id, { tenant: 'acme', derived: false })
      const erasure = await eventually(async () => {
        const found = await orchestrator.readErasure(id)
        if (!found?.receipt) throw new Error('not yet')
        return found
      })
      expect(erasure).toMatchObject({ tenant: 'acme', receipt: { id, key_shredded: true } })
      await eventually(async () => expect(await orchestrator.read(id)).toBeUndefined())
    })

    it('finds the workers of every queue', async () => {
      expect(await orchestrator.unpolledQueues()).toEqual([])
      await orchestrator.ping()
    })

    it('says that Temporal is away, whatever it is asked', async () => {
      const id = newPredictionId()
      const calls: [string, () => Promise<unknown>][] = [
        ['start', () => lost.start(predictionOf())],
        ['read', () => lost.read(id)],
        ['list', () => lost.list({ tenant: 'local', models, limit: 2 })],
        ['count', () => lost.countRunning('local')],
        ['cancel', () => lost.cancel(id)],
        ['erase', () => lost.erase(id, { tenant: 'local', derived: false })],
        ['queues', () => lost.unpolledQueues()],
        ['ping', () => lost.ping()],
      ]
      await Promise.all(
        calls.map(async ([what, run]) => {
          const error = await run().catch((cause: unknown) => cause)
          expect([what, error]).toEqual([what, expect.any(OrchestratorUnavailable)])
        }),
      )
    })
  })
