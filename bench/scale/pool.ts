import type { Clock } from './clock.ts'

export interface Pool {
  readonly waiting: number
  busySeconds(): number
  run(seconds: number, done: () => void): void
}

/** Cores that take steps first come, first served, one at a time each. */
export const createPool = (clock: Clock, cores: number): Pool => {
  const queue: { seconds: number; done: () => void }[] = []
  let head = 0
  let free = cores
  let busy = 0
  const next = () => {
    while (free > 0 && head < queue.length) {
      const { seconds, done } = queue[head]!
      head += 1
      if (head > 10_000 && head * 2 > queue.length) queue.splice(0, head), (head = 0)
      free -= 1
      busy += seconds
      clock.after(seconds, () => {
        free += 1
        done()
        next()
      })
    }
  }
  return {
    get waiting() {
      return queue.length - head
    },
    busySeconds: () => busy,
    run: (seconds, done) => {
      queue.push({ seconds, done })
      next()
    },
  }
}
