import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiClient } from '../../../cli/client/api-client.ts'
import { follow } from '../../../cli/client/follow.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { freePort, nextFreePort } from '../../../lib/ports.ts'
import { eventually } from '../../support/eventually.ts'
import { findPrometheus, promtool, startPrometheus } from '../../support/prometheus.ts'
import { samplePhoto } from '../../support/sample-photo.ts'
import { startTestStack, type TestStack } from '../../support/test-stack.ts'
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts'

const folder = await findPrometheus({ ci: Boolean(process.env.CI) })

/** `npm start` takes the port and the two after it. */
const threeFreePorts = async (): Promise<number> => {
  for (;;) {
    const port = await freePort()
    if ((await nextFreePort(port + 1)) === port + 1 && (await nextFreePort(port + 2)) === port + 2) return port
  }
}

let receiver: Receiver
let stack: TestStack
let photo: string
let hosts: { api: string; cpu: string; gpu: string }

beforeAll(async () => {
  receiver = await startReceiver()
  photo = await samplePhoto()
  const port = await threeFreePorts()
  hosts = { api: `127.0.0.1:${port}`, cpu: `127.0.0.1:${port + 1}`, gpu: `127.0.0.1:${port + 2}` }
  stack = await startTestStack({ env: { IDEM_METRICS_PORT: `${port}` } })
})
afterAll(async () => {
  await stack?.stop()
  await receiver?.close()
})

const post = async (body: object, model = 'idem/arc2face') => {
  const response = await fetch(`${stack.apiUrl}/v1/models/${model}/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(201)
  return (await response.json()) as Prediction
}
const finish = (prediction: Prediction) => follow(createApiClient(stack.apiUrl), prediction, () => undefined)

type Samples = Map<string, number>
/** `name{label="value",…}` with its labels in order, and its value. */
const parseMetrics = (text: string): Samples => {
  const samples: Samples = new Map()
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (!name) throw new Error(`No sample: ${line}`)
    const sorted = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([pair]) => pair).sort()
    const key = `${name}{${sorted.join()}}`
    if (samples.has(key)) throw new Error(`Twice: ${key}`)
    samples.set(key, Number(value))
  }
  return samples
}
const scrape = async (host: string): Promise<string> => {
  const response = await fetch(`http://${host}/metrics`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return response.text()
}

describe('metrics of real processes', () => {
  let api: Samples
  let cpu: Samples
  let gpu: Samples

  it('are there once predictions have ended', async () => {
    let refusals = 1
    receiver.answer = (_, response) => void response.writeHead(refusals-- > 0 ? 500 : 204).end()
    const webhook = { webhook: receiver.url, webhook_events_filter: ['completed'] }
    const good = await finish(await post({ input: { input_image: photo, num_images: 2, num_steps: 4 }, ...webhook }))
    expect(good.status).toBe('succeeded')
    const bad = await finish(await post({ input: { input_image: 'data:image/png;base64,AAAA' } }))
    expect(bad).toMatchObject({ status: 'failed', metrics: { failure: { type: expect.stringContaining('photo_') } } })
    const { type: failure } = bad.metrics.failure as { type: string }
    expect((await finish(await post({ input: { input_image: photo } }, 'idem/face-embedding'))).status).toBe(
      'succeeded',
    )
    const long = await post({ input: { input_image: photo, num_steps: 100 } })
    await createApiClient(stack.apiUrl).cancel(long.id)
    expect((await finish(long)).status).toBe('canceled')

    await eventually(async () => {
      cpu = parseMetrics(await scrape(hosts.cpu))
      const ended = [...cpu].filter(([name]) => name.startsWith('idem_predictions_total'))
      expect(Object.fromEntries(ended)).toEqual({
        'idem_predictions_total{failure="",model="idem/arc2face",outcome="succeeded"}': 1,
        [`idem_predictions_total{failure="${failure}",model="idem/arc2face",outcome="failed"}`]: 1,
        'idem_predictions_total{failure="",model="idem/arc2face",outcome="canceled"}': 1,
        'idem_predictions_total{failure="",model="idem/face-embedding",outcome="succeeded"}': 1,
      })
      // The second attempt.
      const delivered = 'idem_webhook_attempts_total{event="completed",outcome="delivered"}'
      expect(cpu.get(delivered)).toBe(1)
    })
    api = parseMetrics(await scrape(hosts.api))
    gpu = parseMetrics(await scrape(hosts.gpu))
    expect(cpu.get(`idem_activity_failures_total{activity="intakePhoto",failure="${failure}"}`)).toBe(1)
    expect(cpu.get('idem_webhook_attempts_total{event="completed",outcome="webhook_rejected"}')).toBe(1)
    expect(cpu.get('idem_prediction_seconds_count{model="idem/arc2face",outcome="succeeded"}')).toBe(1)
  })

  it('tell of waiting, similarity and bytes', () => {
    expect(cpu.get('idem_queue_wait_seconds_count{activity="embedFace",queue="cpu"}')).toBeGreaterThanOrEqual(1)
    expect(gpu.get('idem_queue_wait_seconds_count{activity="generateImages",queue="gpu"}')).toBeGreaterThanOrEqual(1)
    // After four steps an image of the demo's network may have no face.
    const compared = cpu.get('idem_similarity_count{}')! + cpu.get('idem_images_without_face_total{}')!
    expect(compared).toBe(2)
    expect(cpu.get('idem_storage_bytes_total{direction="read",kind="image"}')).toBeGreaterThan(1_000)
    expect(cpu.get('idem_storage_bytes_total{direction="read",kind="image"}')! % 1).toBe(0)
    expect(gpu.get('idem_storage_bytes_total{direction="read",kind="identity"}')).toBeGreaterThanOrEqual(2048)
    const uploaded = api.get('idem_storage_bytes_total{direction="written",kind="upload"}')!
    expect(uploaded).toBeGreaterThanOrEqual(3 * Buffer.from(photo.split(',')[1]!, 'base64').length)
  })

  it('tell of cold starts, steps and batches', () => {
    expect(gpu.get('idem_worker_ready_seconds{}')).toBeGreaterThan(0.1)
    expect(gpu.get('idem_network_load_seconds_count{}')).toBe(1)
    expect(gpu.get('idem_network_load_seconds_sum{}')).toBeGreaterThan(0.01)
    // Four steps have three gaps; the prediction that was canceled may have had more.
    expect(gpu.get('idem_diffusion_step_seconds_count{}')).toBeGreaterThanOrEqual(3)
    expect(gpu.get('idem_diffusion_step_seconds_sum{}')).toBeGreaterThan(0)
    // Two guided images of four steps are sixteen rows, in whatever calls.
    expect(gpu.get('idem_batch_rows_sum{}')).toBeGreaterThanOrEqual(16)
    const [calls, fill] = [gpu.get('idem_batch_fill_ratio_count{}')!, gpu.get('idem_batch_fill_ratio_sum{}')!]
    expect(calls).toBeGreaterThanOrEqual(4)
    expect(fill / calls).toBeGreaterThan(0)
    expect(fill / calls).toBeLessThanOrEqual(1)
  })

  it('tell of requests by route, without ids', () => {
    const posted = [...api].find(([name]) => /_count\{.*POST.*arc2face\/predictions",status="201"/.test(name))
    expect(posted?.[1]).toBe(3)
    const names = [...api, ...cpu, ...gpu].map(([name]) => name).join('\n')
    expect(names).not.toMatch(/[0-9a-hjkmnp-tv-z]{26}/i)
    expect(names).not.toContain('/hook')
  })

  it("hold those of Temporal's SDK, on the same port", () => {
    const completed = 'temporal_workflow_completed_total{'
    expect([...cpu].filter(([name]) => name.startsWith(completed)).length).toBeGreaterThan(0)
    expect([...gpu].some(([name]) => name.startsWith('temporal_activity_execution_latency_seconds_'))).toBe(true)
  })

  it('are not on the public port, and there alone on theirs', async () => {
    expect((await fetch(`${stack.apiUrl}/metrics`)).status).toBe(404)
    expect((await fetch(`http://${hosts.api}/v1/models`)).status).toBe(404)
    expect((await fetch(`http://${hosts.api}/metrics`, { method: 'POST' })).status).toBe(405)
    // All of 127.0.0.0/8 is this machine.
    await expect(fetch(`http://${hosts.api.replace('127.0.0.1', '127.0.0.2')}/metrics`)).rejects.toThrow()
  })

  it.skipIf(!folder)('are in order, says promtool', async () => {
    for (const host of Object.values(hosts)) {
      expect(await promtool(folder!, ['check', 'metrics'], await scrape(host)), host).toBe('')
    }
  })
})

describe.skipIf(!folder)('a Prometheus that scrapes them', () => {
  it('finds something for every panel of the dashboard, and nothing to be alarmed at', {
    timeout: 240_000,
  }, async () => {
    const prometheus = await startPrometheus(folder!, {
      'idem-api': [hosts.api],
      'idem-worker': [hosts.cpu, hosts.gpu],
    })
    try {
      await eventually(async () => expect(await prometheus.query('up == 1')).toHaveLength(3))
      const input = { input_image: photo, num_images: 1, num_steps: 4 }
      expect((await finish(await post({ input, webhook: receiver.url }))).status).toBe('succeeded')
      expect((await finish(await post({ input: { input_image: 'data:image/png;base64,AAAA' } }))).status).toBe('failed')

      const { panels } = JSON.parse(await readFile('infra/observability/dashboard.json', 'utf8')) as Dashboard
      const expressions = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
      expect(expressions.length).toBeGreaterThan(20)
      await eventually(async () => {
        const empty: string[] = []
        for (const { title, expr } of expressions) {
          const now = expr.replaceAll('$__rate_interval', '2m').replaceAll('$model', '.*')
          const series = await prometheus.query(now)
          if (series.length === 0) empty.push(title)
        }
        // Nothing has failed between us and Temporal.
        expect(empty.filter((title) => title !== 'Failures')).toEqual([])
      })
      await eventually(async () => {
        const [grown] = await prometheus.query('sum(increase(idem_predictions_total{outcome="succeeded"}[5m]))')
        expect(grown?.value).toBeGreaterThan(0)
      })

      const { groups } = await prometheus.get<Rules>('rules')
      const rules = groups.flatMap((group) => group.rules)
      expect(rules.length).toBeGreaterThan(10)
      expect(rules.filter(({ lastError, state }) => lastError || state === 'firing')).toEqual([])
    } finally {
      await prometheus.stop()
    }
  })
})

interface Dashboard {
  panels: { title: string; targets?: { expr: string }[] }[]
}
interface Rules {
  groups: { rules: { name: string; state: string; lastError?: string }[] }[]
}
