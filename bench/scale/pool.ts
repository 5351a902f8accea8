import type { Clock } from './clock.ts'
import { createFifo } from './fifo.ts'

export interface Pool {
  readonly waiting: number
  busySeconds(): number
  run(seconds: number, done: () => void): void
}

/** Cores that take steps first come, first served, one at a time each. */
export const createPool = (clock: Clock, cores: number): Pool => {
  const queue = createFifo<{ seconds: number; done: () => void }>()
  let free = cores
  let busy = 0
  const next = () => {
    while (free > 0) {
      const step = queue.shift()
      if (!step) return
      free -= 1
      busy += step.seconds
      clock.after(step.seconds, () => {
        free += 1
        step.done()
        next()
      })
    }
  }
  return {
    get waiting() {
      return queue.length
    },
    busySeconds: () => busy,
    run: (seconds, done) => {
      queue.push({ seconds, done })
      next()
    },
  }
}
