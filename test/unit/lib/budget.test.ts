import { expect, it } from 'vitest'
import { createBudget } from '../../../lib/budget.ts'

/** Work that runs until it is let go, and what runs now. */
const stand = (budget: ReturnType<typeof createBudget>) => {
  const running: string[] = []
  const open = new Map<string, () => void>()
  const settled: Promise<unknown>[] = []
  const run = (name: string, use: Parameters<typeof budget.run>[0] = {}) => {
    const done = budget.run(use, async () => {
      running.push(name)
      await new Promise<void>((resolve) => open.set(name, resolve))
      running.splice(running.indexOf(name), 1)
    })
    settled.push(done.catch(() => undefined))
    return done
  }
  /** Lets everything run that may. */
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  const end = async (name: string) => {
    open.get(name)!()
    await settle()
  }
  return { run, running, end, settle }
}

it('runs no more than fits, in the order of the calls', async () => {
  const { run, running, end, settle } = stand(createBudget({ total: 10 }))
  for (const [name, amount] of Object.entries({ a: 6, b: 4, c: 8, d: 1 })) run(name, { amount })
  await settle()
  expect(running).toEqual(['a', 'b'])
  await end('b')
  // d would fit, but came after c.
  expect(running).toEqual(['a'])
  await end('a')
  expect(running).toEqual(['c', 'd'])
})

it('lets a key use no more than its own part, and others pass it', async () => {
  const { run, running, end, settle } = stand(createBudget({ total: 3, perKey: 2 }))
  for (const name of ['a1', 'a2', 'a3']) run(name, { key: 'a' })
  run('b1', { key: 'b' })
  await settle()
  expect(running).toEqual(['a1', 'a2', 'b1'])
  await end('a1')
  expect(running).toEqual(['a2', 'b1', 'a3'])
})

it('runs what is larger than all that there is by itself', async () => {
  const { run, running, end, settle } = stand(createBudget({ total: 10 }))
  run('a', { amount: 50 })
  run('b')
  await settle()
  expect(running).toEqual(['a'])
  await end('a')
  expect(running).toEqual(['b'])
})

it('forgets who has stopped waiting, and lets those behind start', async () => {
  const { run, running, settle } = stand(createBudget({ total: 10 }))
  const leaving = new AbortController()
  run('a', { amount: 6 })
  const left = run('b', { amount: 8, signal: leaving.signal })
  run('c', { amount: 4 })
  await settle()
  expect(running).toEqual(['a'])
  leaving.abort(new Error('no longer wanted'))
  await expect(left).rejects.toThrow('no longer wanted')
  await settle()
  expect(running).toEqual(['a', 'c'])
})

it('gives back what failed work has used', async () => {
  const budget = createBudget({ total: 1 })
  await expect(budget.run({}, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await budget.run({}, async () => 'next')).toBe('next')
})
