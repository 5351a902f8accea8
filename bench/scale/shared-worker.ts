import { type BatchModel, batchSpeed } from './batch-speed.ts'
import type { Clock } from './clock.ts'

interface Job {
  /** Seconds of work left, as if it were alone, over all of its images. */
  left: number
  readonly images: number
  readonly done: () => void
}

export interface SharedWorker {
  readonly jobs: number
  /** Seconds in which it had work. */
  busySeconds(): number
  /** Takes up a job at once: whoever calls has seen that there is a slot. */
  start(job: { images: number; seconds: number; done: () => void }): void
  /** Drops its jobs; the seconds that each had left, in the order in which they came. */
  stop(): number[]
}

/** A gpu worker: its jobs share the device, an image each in turn, and batches make the sum of them faster. */
export const createSharedWorker = (clock: Clock, batch: BatchModel): SharedWorker => {
  const jobs = new Set<Job>()
  let since = clock.now
  let busy = 0
  let generation = 0

  const imagesNow = () => {
    let images = 0
    for (const job of jobs) images += job.images
    return images
  }
  /** Seconds of work done a second, by each image. */
  const rate = (images: number) => batchSpeed(batch, images) / images

  const advance = () => {
    const seconds = clock.now - since
    since = clock.now
    if (jobs.size === 0) return
    busy += seconds
    const perImage = rate(imagesNow())
    for (const job of jobs) job.left -= seconds * perImage * job.images
  }
  const plan = () => {
    generation += 1
    if (jobs.size === 0) return
    const mine = generation
    const perImage = rate(imagesNow())
    let next = Number.POSITIVE_INFINITY
    for (const job of jobs) next = Math.min(next, job.left / (perImage * job.images))
    clock.after(Math.max(0, next), () => {
      // Somebody came in between, and another plan was made.
      if (mine === generation) finish()
    })
  }
  const finish = () => {
    advance()
    const ended = [...jobs].filter((job) => job.left <= 1e-9)
    for (const job of ended) jobs.delete(job)
    plan()
    for (const job of ended) job.done()
  }

  return {
    get jobs() {
      return jobs.size
    },
    busySeconds: () => {
      advance()
      return busy
    },
    start: ({ images, seconds, done }) => {
      advance()
      jobs.add({ left: seconds, images, done })
      plan()
    },
    stop: () => {
      advance()
      const left = [...jobs].map((job) => job.left)
      jobs.clear()
      generation += 1
      return left
    },
  }
}
