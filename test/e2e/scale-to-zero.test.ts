import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, createApiClient } from '../../cli/client/api-client.ts'
import { follow } from '../../cli/client/follow.ts'
import type { Stack } from '../../cli/stack/stack.ts'
import type { Prediction } from '../../contracts/prediction.ts'
import { eventually } from '../support/eventually.ts'
import { samplePhoto } from '../support/sample-photo.ts'
import { startStackIn } from '../support/test-stack.ts'

const exitWhenIdle = '10s'

let stateDir: string
let stack: Stack
let client: ApiClient
let input_image: string
const lines: { text: string; at: number }[] = []

const startsSeen = () => lines.filter(({ text }) => text.includes('waiting for the gpu worker: starting it'))

/** Processes that serve the gpu queue for this stack, as the kernel lists them. */
const gpuProcesses = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const parent = / (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) \S/, ''))?.[1]
        return (
          Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--queues\0gpu\0')
        )
      } catch {
        return false
      }
    })
    .map(Number)

const untilZero = () =>
  eventually(() => {
    expect(gpuProcesses()).toEqual([])
    expect([...stack.workers.keys()]).toEqual(['control,cpu'])
  })

/** What the supervisor has said. */
const said = () => lines.map(({ text }) => text).filter((text) => /^(The|Restarting the) gpu worker\b/.test(text))

const create = (input: Record<string, unknown>) => client.create({ input_image, num_images: 1, seed: 3, ...input })

const stepOf = ({ metrics }: Prediction) => Number((metrics as { step?: number }).step ?? 0)

const start = async () => {
  const onLine = (text: string) => void lines.push({ text, at: Date.now() })
  stack = await startStackIn(stateDir, { scaleToZero: { exitWhenIdle }, onLine })
  client = createApiClient(stack.apiUrl)
}

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'idem-zero-'))
  input_image = await samplePhoto()
  await start()
})
afterAll(async () => {
  await stack?.stop()
  await rm(stateDir, { recursive: true, force: true })
})

describe('a stack that scales to zero', () => {
  it('has no gpu worker, then one while there is work, then none', async () => {
    expect(gpuProcesses()).toEqual([])
    expect([...stack.workers.keys()]).toEqual(['control,cpu'])

    let firstStepAt = 0
    let seen: number[] = []
    let ours: number | undefined
    const prediction = await follow(client, await create({ num_steps: 100 }), (now) => {
      if (stepOf(now) < 1) return
      firstStepAt ||= Date.now()
      ours ??= stack.workers.get('gpu')?.pid
      seen = gpuProcesses()
    })
    expect(prediction).toMatchObject({ status: 'succeeded', error: null })
    expect(prediction.output).toHaveLength(1)
    expect(seen).toEqual([ours])
    console.log(`cold start, from spawning the worker to its first step: ${firstStepAt - startsSeen()[0]!.at} ms`)

    await untilZero()
    expect(said()).toEqual([
      expect.stringMatching(/^The gpu worker is ready after /),
      'The gpu worker exited with code 0',
    ])
  })

  it('starts one worker for twenty predictions that are sent at zero', async () => {
    await untilZero()
    const before = startsSeen().length
    const pids = new Set<number>()
    const watch = setInterval(() => {
      for (const pid of gpuProcesses()) pids.add(pid)
    }, 50)
    const started = await Promise.all(Array.from({ length: 20 }, (_, seed) => create({ seed, num_steps: 3 })))
    const ended = await Promise.all(started.map((prediction) => follow(client, prediction, () => undefined)))
    clearInterval(watch)
    expect(ended.map(({ status }) => status)).toEqual(Array(20).fill('succeeded'))
    expect(pids.size).toBe(1)
    expect(startsSeen()).toHaveLength(before + 1)
  })

  it('starts a worker again that is killed with work left', async () => {
    const started = await create({ num_images: 4, num_steps: 100 })
    let killed: number | undefined
    const prediction = await follow(client, started, (now) => {
      if (killed || stepOf(now) < 5) return
      killed = stack.workers.get('gpu')!.pid
      process.kill(killed, 'SIGKILL')
    })
    expect(killed).toBeDefined()
    expect(prediction.status).toBe('succeeded')
    expect(said()[said().indexOf('The gpu worker ended by SIGKILL') + 1]).toBe('Restarting the gpu worker')
    expect(stack.workers.get('gpu')?.pid).not.toBe(killed)
    await untilZero()
  })

  it('gives work to a new worker when one is told to stop in the middle of it', async () => {
    const started = await create({ num_images: 4, num_steps: 100 })
    let stopped: number | undefined
    const prediction = await follow(client, started, (now) => {
      if (stopped || stepOf(now) < 5) return
      stopped = stack.workers.get('gpu')!.pid
      process.kill(stopped, 'SIGTERM')
    })
    expect(stopped).toBeDefined()
    expect(prediction.status).toBe('succeeded')
    expect(stack.workers.get('gpu')?.pid).not.toBe(stopped)
  })

  it('stops in the middle of work, leaves no process, and goes on with it when it is started again', async () => {
    const started = await create({ num_images: 4, num_steps: 100 })
    const reached = new Promise<void>((resolve, reject) => {
      follow(client, started, (now) => stepOf(now) >= 2 && resolve()).then(() => reject(new Error('it ended')), reject)
    })
    await reached
    expect(gpuProcesses()).toHaveLength(1)
    await stack.stop()
    expect(gpuProcesses()).toEqual([])
    await start()
    expect(await follow(client, started, () => undefined)).toMatchObject({ status: 'succeeded' })
  })

  it('has no use for --exit-when-idle alone', async () => {
    const args = ['--import', 'tsx', 'cli/start.ts', '--exit-when-idle', '5s']
    await expect(promisify(execFile)(process.execPath, args)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--exit-when-idle needs --scale-to-zero'),
    })
  })
})
