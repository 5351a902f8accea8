import { expect, it } from 'vitest'
import { createRunningLimit } from '../../../api/running-limit.ts'

/** What the list of running predictions says: nothing yet of those that have just been started. */
const empty = { countRunning: async () => 0 }
const fine = async () => undefined

it('counts what has been started before the list has it, each tenant for itself', async () => {
  const running = createRunningLimit(empty, 2)
  for (const id of ['a', 'b']) await running.start('acme', id, fine)
  await expect(running.start('acme', 'c', fine)).rejects.toMatchObject({ status: 429 })
  await running.start('other', 'd', fine)
})

it('has room again when one has ended, or could not be started', async () => {
  const running = createRunningLimit(empty, 1)
  const broken = running.start('acme', 'a', () => Promise.reject(new Error('broken')))
  await expect(broken).rejects.toThrow('broken')
  await running.start('acme', 'b', fine)
  await expect(running.start('acme', 'c', fine)).rejects.toMatchObject({ status: 429 })
  running.ended('acme', 'b')
  await running.start('acme', 'c', fine)
})

it('counts none twice: the list is asked for the others', async () => {
  const asked: (readonly string[] | undefined)[] = []
  const countRunning = async (_: string, options?: { except?: readonly string[] }) => {
    asked.push(options?.except)
    return 1
  }
  const running = createRunningLimit({ countRunning }, 3)
  for (const id of ['a', 'b']) await running.start('acme', id, fine)
  expect(asked).toEqual([['a'], ['a', 'b']])
})

it('knows no bound if there is none', async () => {
  const running = createRunningLimit({ countRunning: () => Promise.reject(new Error('not asked')) }, undefined)
  for (const id of ['a', 'b', 'c']) await running.start('acme', id, fine)
})
