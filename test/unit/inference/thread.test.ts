import { AsyncLocalStorage } from 'node:async_hooks'
import { afterAll, describe, expect, it } from 'vitest'
import { startThread, ThreadEnded } from '../../../inference/engine/thread.ts'

const thread = startThread(new URL('../../fixtures/frail-thread.ts', import.meta.url), { name: 'a thread' })
afterAll(() => thread.close())

it('hands events to each caller in its own context', async () => {
  const caller = new AsyncLocalStorage<string>()
  const heard: string[] = []
  const onEvent = (word: string) => void heard.push(`${caller.getStore()}: ${word}`)
  const call = (name: string) => caller.run(name, () => thread.call('tell', ['a', 'b'], { onEvent }))
  await Promise.all([call('one'), call('two')])
  expect(heard.sort()).toEqual(['one: a', 'one: b', 'two: a', 'two: b'])
})

describe('an inference thread that fails', () => {
  it.each([
    ['exit', 'ended with code 3'],
    ['throwLater', 'out of nowhere'],
  ])('by %s takes the calls under way with it, and the next call has another', async (method, message) => {
    expect(await thread.call('greet', undefined)).toBe('I am a thread')
    const waiting = thread.call('wait', undefined)
    const failing = thread.call(method, undefined)
    for (const call of [waiting, failing]) {
      await expect(call).rejects.toBeInstanceOf(ThreadEnded)
      await expect(call).rejects.toThrow(message)
    }
    expect(await thread.call('greet', undefined)).toBe('I am a thread')
  })

  it('refuses what cannot be sent, and answers the next call', async () => {
    await expect(thread.call('greet', () => undefined)).rejects.toThrow('could not be cloned')
    expect(await thread.call('greet', undefined)).toBe('I am a thread')
  })

  it('stays closed once it is closed', async () => {
    await thread.close()
    await expect(thread.call('greet', undefined)).rejects.toBeInstanceOf(ThreadEnded)
  })
})
