import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApiClient } from '../../cli/client/api-client.ts'
import { follow } from '../../cli/client/follow.ts'
import { eventually } from '../support/eventually.ts'
import { samplePhoto } from '../support/sample-photo.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack?.stop())

const answers = async () => expect((await fetch(`${stack.apiUrl}/readyz`)).status).toBe(200)
const start = async () => createApiClient(stack.apiUrl).create({ input_image: await samplePhoto(), num_images: 1 })

it('starts the API again when it dies, and says so', async () => {
  const killed = stack.apiPid()
  process.kill(killed, 'SIGKILL')
  await eventually(() => expect(stack.apiPid()).not.toBe(killed))
  await eventually(answers)
  expect(stack.lines.join('\n')).toContain('The API ended by SIGKILL; restarting it')
})

it('starts Temporal again on its file when it dies, and what ran goes on', async () => {
  const client = createApiClient(stack.apiUrl)
  const prediction = await start()
  const killed = stack.temporalPid()!
  process.kill(killed, 'SIGKILL')
  await eventually(() => expect(stack.temporalPid()).not.toBe(killed))
  await eventually(answers)
  const ended = await follow(client, await eventually(() => client.get(prediction.id)), () => undefined)
  expect([ended.status, ended.error]).toEqual(['succeeded', null])
})

it('keeps starting a worker that dies again and again, also before it is ready', async () => {
  for (let round = 0; round < 3; round++) {
    const killed = stack.workers.get('control,cpu')!.pid
    process.kill(killed, 'SIGKILL')
    await eventually(() => expect(stack.workers.get('control,cpu')!.pid).not.toBe(killed))
  }
  const prediction = await eventually(start)
  expect((await follow(createApiClient(stack.apiUrl), prediction, () => undefined)).status).toBe('succeeded')
})
