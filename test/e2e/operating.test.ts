import { mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type ApiClient, createApiClient } from '../../cli/client/api-client.ts'
import type { Prediction } from '../../contracts/prediction.ts'
import { ensureInstalled } from '../support/apt.ts'
import { eventually } from '../support/eventually.ts'
import { samplePhoto } from '../support/sample-photo.ts'
import { startShell } from '../support/shell.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

interface Fence {
  kind: string
  text: string
}

/** The fenced blocks of a Markdown text by their headings. */
const readFences = (markdown: string): Map<string, Fence[]> =>
  new Map(
    markdown.split(/^## /m).map((section) => {
      const fences = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind, text]) => ({
        kind: kind!,
        text: text!.trim(),
      }))
      return [section.split('\n')[0]!, fences]
    }),
  )

const photo = await samplePhoto()
const sections = readFences(await readFile('docs/operating.md', 'utf8'))
const scripts = (heading: string) => sections.get(heading)!.filter(({ kind }) => kind === 'sh')

let stack: TestStack
let client: ApiClient
let receiver: Receiver
let shell: ReturnType<typeof startShell>
/** Runs the scripts of a section, one after the other; what each printed. */
const runSection = async (heading: string): Promise<string[]> => {
  const printed: string[] = []
  for (const { text } of scripts(heading)) printed.push(await shell.run(text))
  return printed
}
const read = (id: string) => client.get(id)
const standing = (id: string, status: Prediction['status']) =>
  eventually(async () => expect((await read(id)).status).toBe(status))

const createWithWebhook = async (input: object): Promise<Prediction> => {
  const response = await fetch(`${stack.apiUrl}/v1/models/idem/arc2face/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input, webhook: receiver.url, webhook_events_filter: ['completed'] }),
  })
  return (await response.json()) as Prediction
}

/** One that diffuses for as long as a test needs it. */
const startLong = async (images = 16): Promise<string> => {
  const { id } = await createWithWebhook({ input_image: photo, num_images: images, num_steps: 100 })
  await eventually(async () => expect((await read(id)).metrics).toMatchObject({ step: expect.any(Number) }))
  return id
}
const cancel = (id: string) => client.cancel(id)
const completions = (id: string) =>
  receiver.deliveries.filter(({ body }) => body.includes(`"id":"${id}"`) && body.includes('"status":"succeeded"'))
const failedStep = async (id: string) => {
  await shell.run(`temporal activity fail -w ${id} --activity-id 4 --reason 'CUDA out of memory'`)
  await standing(id, 'failed')
}

beforeAll(async () => {
  await ensureInstalled('/usr/bin/jq', ['jq'])
  receiver = await startReceiver()
  stack = await startTestStack()
  client = createApiClient(stack.apiUrl)
  const bin = join(stack.stateDir, 'bin')
  await mkdir(bin)
  await symlink(inject('temporalCli'), join(bin, 'temporal'))
  // As somebody in the folder of the project has it, whose state is in .idem.
  await symlink(stack.stateDir, join(stack.stateDir, '.idem'))
  const { TEMPORAL_ADDRESS: _, ...env } = process.env
  shell = startShell({ ...env, PATH: `${bin}:${env.PATH}`, API: stack.apiUrl, TENANT: 'local', NO_COLOR: '1' })
  await shell.run(`cd ${stack.stateDir}`)
  await runSection('Payloads')
})
afterAll(async () => {
  await shell?.close()
  await stack?.stop()
  await receiver?.close()
})

describe('what docs/operating.md says to', () => {
  it('see why one is stuck', async () => {
    const id = await startLong()
    await shell.run(`ID=${id}`)
    const [first, queues] = await runSection('Why is it stuck?')
    expect(first).toMatch(new RegExp(`Running +${id} +generateFaces`))
    expect(first).toContain('**Diffusing** 16 images · 100 steps')
    expect(first).toMatch(/Type +generateImages\n +State +Started/)
    expect(first).toMatch(/LastHeartbeatDetails +\[\{.*"step":\d+/)
    expect(first).toMatch(/UNVERSIONED +activity +\d+@/)
    expect(queues).toMatch(/UNVERSIONED +workflow/)
    await cancel(id)
  })

  it('see who is starving, and give a tenant more', async () => {
    const id = await startLong()
    await eventually(async () => {
      const [seen, weights] = await runSection('Who is starving?')
      expect(seen).toMatch(/ApproximateBacklogAge[\s\S]*Total: [1-9]/)
      expect(weights).toMatch(/"?local"?[:= ]+3/)
    })
    await cancel(id)
  })

  it('see what failed and why, and run it again', async () => {
    const id = await startLong(8)
    const told = await createWithWebhook({ input_image: photo, num_images: 1 })
    await failedStep(id)
    await standing(told.id, 'succeeded')
    await shell.run(`FAILED=${id} WITH_WEBHOOK=${told.id}`)
    const [why] = await runSection('What failed, and why?')
    expect(why).toMatch(/values: Completed/)
    expect(why).toContain('**Failed** · CUDA out of memory (`internal`)')
    expect(why).toContain('"error":"CUDA out of memory (internal)"')

    await eventually(() => expect(completions(told.id)).toHaveLength(1))
    await runSection('How do I run it again?')
    await eventually(() => expect(completions(told.id)).toHaveLength(2))
    await standing(id, 'succeeded')
    // Its webhook was told of the failure, and learns of the new end when it is told once more.
    await shell.run(`WITH_WEBHOOK=${id}`)
    await shell.run(scripts('How do I run it again?').at(-1)!.text)
    await eventually(() => expect(completions(id)).toHaveLength(1))
  })

  it('pause, and let go again', async () => {
    const [pauseQueue, freeQueue, pauseStep, freeStep, sweep, end] = scripts('How do I pause?').map(({ text }) => text)

    expect(await shell.run(pauseQueue!)).toContain('drivers')
    const waiting = await client.create({ input_image: photo, num_images: 1 })
    await eventually(async () => expect((await read(waiting.id)).metrics).toMatchObject({ queued: true }))
    await shell.run(freeQueue!)
    await standing(waiting.id, 'succeeded')

    const id = await startLong()
    await shell.run(`ID=${id} OTHER=${id}`)
    await shell.run(pauseStep!)
    await eventually(async () => {
      const paused = await shell.run(
        `temporal workflow list --query '${sections.get('How do I pause?')!.find(({ kind }) => kind === 'filter')!.text}'`,
      )
      expect(paused).toContain(id)
      expect(await shell.run(`temporal workflow describe -w ${id}`)).toMatch(/State +Paused\b/)
    })
    const { step } = (await read(id)).metrics as { step: number }
    await shell.run(freeStep!)
    await eventually(async () => expect((await read(id)).metrics.step).toBeGreaterThan(step))

    await shell.run(sweep!)
    await shell.run(end!)
    await standing(id, 'canceled')
  })

  it.each([...sections.values()].flat().filter(({ kind }) => kind === 'filter'))(
    'filter by $text',
    async ({ text }) => {
      expect(await shell.run(`temporal workflow count --query '${text}'`)).toMatch(/^Total: \d+/)
    },
  )
})
